public import TernCore

extension Layer {
    /// Gives lazy layers their sizes by a call with `inputs`, then calls `initializer` on every module inside and on this one.
    ///
    /// The call is a dry run: nothing is recorded, and modules behave as in evaluation, so that no running statistic moves and no
    /// random number is drawn but for first values.
    ///
    ///     net.applyInit(X) { m in (m as? Linear)?.weight.fill(.xavierUniform()) }
    @discardableResult
    public func applyInit(_ inputs: Tensor, _ initializer: ((Module) -> Void)? = nil) -> Self {
        let modes = modules().map { ($0, $0.isTraining) }
        eval()
        _ = noGrad { self(inputs) }
        for (module, mode) in modes { module.isTraining = mode }
        if let initializer { apply(initializer) }
        return self
    }
}
