import Synchronization

/// How tensors print. Source: `torch.set_printoptions`.
///
/// `setPrintOptions` changes them for the whole process, `withPrintOptions` for one scope and the tasks started in it.
public struct PrintOptions: Sendable, Hashable {
    /// Digits after the point.
    public var precision: Int
    /// Tensors of more elements are summarised.
    public var threshold: Int
    /// How many indices a summary shows at each end of a dimension.
    public var edgeItems: Int
    /// Where lines of numbers are broken, in characters.
    public var lineWidth: Int
    /// Whether numbers print as `1.0000e+08`; nil: where their magnitudes ask for it.
    public var sciMode: Bool?

    /// PyTorch's defaults for what is left out.
    public init(precision: Int = 4, threshold: Int = 1000, edgeItems: Int = 3, lineWidth: Int = 80, sciMode: Bool? = nil) {
        self.precision = precision
        self.threshold = threshold
        self.edgeItems = edgeItems
        self.lineWidth = lineWidth
        self.sciMode = sciMode
    }

    /// PyTorch's defaults.
    public static let `default` = PrintOptions()
    /// Two digits, two indices at each end.
    public static let short = PrintOptions(precision: 2, edgeItems: 2)
    /// Never summarised.
    public static let full = PrintOptions(threshold: .max)

    /// The process's options, for every thread and task outside `withPrintOptions`.
    public static var global: PrintOptions {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
    /// The options that hold here.
    public static var current: PrintOptions { scoped ?? global }

    private static let stored = Mutex(PrintOptions())
    @TaskLocal fileprivate static var scoped: PrintOptions?

    fileprivate static func changeGlobal(_ change: (inout PrintOptions) -> Void) { stored.withLock { change(&$0) } }
    fileprivate mutating func change(
        _ precision: Int?, _ threshold: Int?, _ edgeItems: Int?, _ lineWidth: Int?, _ sciMode: Bool?, _ profile: PrintOptions?
    ) {
        if let profile { self = profile }
        self.precision = precision ?? self.precision
        self.threshold = threshold ?? self.threshold
        self.edgeItems = edgeItems ?? self.edgeItems
        self.lineWidth = lineWidth ?? self.lineWidth
        self.sciMode = sciMode ?? self.sciMode
    }
}

/// Changes those of the process's options that are given. Source: `torch.set_printoptions`.
/// - Parameter profile: what the options not given are; default: what they were.
public func setPrintOptions(
    precision: Int? = nil, threshold: Int? = nil, edgeItems: Int? = nil, lineWidth: Int? = nil, sciMode: Bool? = nil,
    profile: PrintOptions? = nil
) {
    PrintOptions.changeGlobal { $0.change(precision, threshold, edgeItems, lineWidth, sciMode, profile) }
}

/// Runs `body` with tensors printing by `options`.
public func withPrintOptions<R>(_ options: PrintOptions, _ body: () throws -> R) rethrows -> R {
    try PrintOptions.$scoped.withValue(options, operation: body)
}

/// Runs `body` with those of the options changed that are given. Source: `torch._tensor_str.printoptions`.
/// - Parameter profile: what the options not given are; default: the ones that hold here.
public func withPrintOptions<R>(
    precision: Int? = nil, threshold: Int? = nil, edgeItems: Int? = nil, lineWidth: Int? = nil, sciMode: Bool? = nil,
    profile: PrintOptions? = nil, _ body: () throws -> R
) rethrows -> R {
    var options = PrintOptions.current
    options.change(precision, threshold, edgeItems, lineWidth, sciMode, profile)
    return try withPrintOptions(options, body)
}
