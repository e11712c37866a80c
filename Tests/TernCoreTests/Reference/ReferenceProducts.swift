import CTernCPU

@testable import TernCore

// Matrix products, convolution, pooling, and the fused kernels.

extension ReferenceBackend {
    func matmul(_ out: Tensor, _ a: Tensor, _ b: Tensor, _ bias: Tensor?, transposed: (a: Bool, b: Bool)) -> Bool {
        if out.dtype == .bool || a.dtype != out.dtype || b.dtype != out.dtype { return false }
        let batch = Array(out.shape.dropLast(2))
        func whole(_ x: Tensor) -> Elements { Elements(x.detach().expand(Shape(batch + x.shape.suffix(2)))) }
        let a = whole(a.rank == 1 ? a.unsqueeze(0) : transposed.a ? a.transpose(-2, -1) : a)
        let b = whole(b.rank == 1 ? b.unsqueeze(1) : transposed.b ? b.transpose(-2, -1) : b)
        let bias = bias.map { Elements($0.detach().expand(out.shape)) }, out = Elements(out)
        func product<N: Wide>(_: N.Type) {
            forEachIndex(out.shape) { i in
                let batch = Array(i.dropLast(2)), row = i[i.count - 2], column = i[i.count - 1]
                var sum: N = bias.map { $0[i] } ?? N.nothing
                for k in 0..<a.shape[a.rank - 1] { sum = N.add(sum, N.multiply(a[batch + [row, k]], b[batch + [k, column]])) }
                out[i] = sum
            }
        }
        product(out.dtype.wide)
        return true
    }

    // MARK: Convolution

    /// Calls `body` for each product of a convolution with the index of its output, input and weight.
    private func forEachProduct(
        _ out: [Int], _ x: [Int], _ weight: [Int], _ geometry: TernConvolution, _ body: (_ out: [Int], _ x: [Int], _ weight: [Int]) -> Void
    ) {
        let spatial = out.count - 2, groups = Int(geometry.groups)
        let (stride, padding, dilation) = (list(geometry.stride), list(geometry.padding), list(geometry.dilation))
        forEachIndex(out) { o in
            let group = o[1] / (out[1] / groups)
            forEachIndex(Array(weight.dropFirst())) { tap in  // the channel in its group, then the place in the kernel
                var from = [o[0], group * weight[1] + tap[0]]
                for d in 0..<spatial {
                    let place = o[2 + d] * stride[d] - padding[d] + tap[1 + d] * dilation[d]
                    if place < 0 || place >= x[2 + d] { return }
                    from.append(place)
                }
                body(o, from, [o[1]] + tap)
            }
        }
    }
    private func list(_ three: (Int64, Int64, Int64)) -> [Int] { [Int(three.0), Int(three.1), Int(three.2)] }

    /// Products summed where `target` says, on top of what `initial` is.
    private func sumProducts(
        _ target: Tensor, _ a: Tensor, _ b: Tensor, start: Tensor?, _ each: ((_ target: [Int], _ a: [Int], _ b: [Int]) -> Void) -> Void
    ) -> Bool {
        guard target.dtype.isDifferentiable, a.dtype == target.dtype, b.dtype == target.dtype else { return false }
        let (target, a, b, start) = (Elements(target), Elements(a), Elements(b), start.map(Elements.init))
        func run<N: Wide>(_: N.Type) {
            var sums: [[Int]: N] = [:]
            each { t, i, j in sums[t] = N.add(sums[t] ?? N.nothing, N.multiply(a[i], b[j])) }
            forEachIndex(target.shape) { i in
                let first: N = start.map { $0[[i[1]]] } ?? N.nothing
                target[i] = N.add(first, sums[i] ?? N.nothing)
            }
        }
        run(target.dtype.wide)
        return true
    }

    func convolution(_ out: Tensor, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: TernConvolution) -> Bool {
        sumProducts(out, x, weight, start: bias) { add in
            forEachProduct(out.shape.array, x.shape.array, weight.shape.array, geometry) { o, x, w in add(o, x, w) }
        }
    }
    func convolutionInputGradient(_ dx: Tensor, _ g: Tensor, _ weight: Tensor, _ geometry: TernConvolution) -> Bool {
        sumProducts(dx, g, weight, start: nil) { add in
            forEachProduct(g.shape.array, dx.shape.array, weight.shape.array, geometry) { o, x, w in add(x, o, w) }
        }
    }
    func convolutionWeightGradient(_ dw: Tensor, _ g: Tensor, _ x: Tensor, _ geometry: TernConvolution) -> Bool {
        sumProducts(dw, g, x, start: nil) { add in
            forEachProduct(g.shape.array, x.shape.array, dw.shape.array, geometry) { o, x, w in add(w, o, x) }
        }
    }

    // MARK: Pooling

    /// The places of an input that a window covers, those in its padding left out; and how many there are with it.
    private func window(_ o: [Int], _ size: [Int], _ geometry: TernPooling, dilated: Bool) -> (places: [[Int]], padded: Int) {
        let (kernel, stride, padding) = (list(geometry.kernel), list(geometry.stride), list(geometry.padding))
        let dilation = dilated ? list(geometry.dilation) : [1, 1, 1]
        var places: [[Int]] = []
        var padded = 0
        forEachIndex(Array(kernel.prefix(size.count))) { tap in
            let place = size.indices.map { o[2 + $0] * stride[$0] - padding[$0] + tap[$0] * dilation[$0] }
            // A window may reach beyond the padding where the output's size was rounded up: that part does not count.
            if size.indices.allSatisfy({ place[$0] < size[$0] + padding[$0] }) { padded += 1 }
            if size.indices.allSatisfy({ place[$0] >= 0 && place[$0] < size[$0] }) { places.append(Array(o.prefix(2)) + place) }
        }
        return (places, padded)
    }

    func maxPool(_ out: Tensor, _ indices: Tensor, _ x: Tensor, _ geometry: TernPooling) -> Bool {
        guard x.dtype.isFloatingPoint, out.dtype == x.dtype else { return false }
        let (out, indices, x) = (Elements(out), Elements(indices), Elements(x))
        let size = Array(x.shape.dropFirst(2))
        forEachIndex(out.shape) { o in
            var greatest = -Double.infinity, at: [Int]?
            for place in window(o, size, geometry, dilated: true).places {
                let value: Double = x[place]
                // The first of equals, but the last NaN.
                if at == nil || value > greatest || value.isNaN { (greatest, at) = (value, place) }
            }
            out[o] = greatest
            indices[o] = Int64((at ?? []).dropFirst(2).enumerated().reduce(0) { $0 * size[$1.0] + $1.1 })
        }
        return true
    }

    private func divisor(_ places: Int, _ padded: Int, _ geometry: TernPooling) -> Double {
        geometry.divisor != 0 ? Double(geometry.divisor) : Double(geometry.countIncludesPadding ? padded : places)
    }
    func avgPool(_ out: Tensor, _ x: Tensor, _ geometry: TernPooling) -> Bool {
        guard x.dtype.isFloatingPoint, out.dtype == x.dtype else { return false }
        let (out, x) = (Elements(out), Elements(x))
        forEachIndex(out.shape) { o in
            let (places, padded) = window(o, Array(x.shape.dropFirst(2)), geometry, dilated: false)
            let sum = places.reduce(0.0) { $0 + x[$1] }
            out[o] = places.isEmpty ? 0 : sum / divisor(places.count, padded, geometry)
        }
        return true
    }
    func avgPoolGradient(_ dx: Tensor, _ g: Tensor, _ geometry: TernPooling) -> Bool {
        guard g.dtype.isFloatingPoint, dx.dtype == g.dtype else { return false }
        let (dx, g) = (Elements(dx), Elements(g))
        var sums: [[Int]: Double] = [:]
        forEachIndex(g.shape) { o in
            let (places, padded) = window(o, Array(dx.shape.dropFirst(2)), geometry, dilated: false)
            for place in places { sums[place, default: 0] += g[o] / divisor(places.count, padded, geometry) }
        }
        forEachIndex(dx.shape) { dx[$0] = sums[$0] ?? 0 }
        return true
    }

    // MARK: Fused

    /// Calls `body` with the indices of each line along `dim`.
    private func forEachLine(_ shape: [Int], _ dim: Int, _ body: ([[Int]]) -> Void) {
        forEachIndex(shape.with(1, at: dim)) { line in body((0..<(shape.isEmpty ? 1 : shape[dim])).map { line.with($0, at: dim) }) }
    }

    func softmax(_ out: Tensor, _ x: Tensor, _ dim: Int, logarithm: Bool) -> Bool {
        guard x.dtype.isFloatingPoint, out.dtype == x.dtype else { return false }
        let (out, x) = (Elements(out), Elements(x))
        forEachLine(x.shape, dim) { line in
            let values = line.map { i -> Double in x[i] }
            let greatest = values.contains(where: \.isNaN) ? .nan : values.max() ?? 0
            let sum = values.reduce(0.0) { $0 + exponential($1 - greatest) }
            for (i, value) in zip(line, values) {
                out[i] = logarithm ? value - greatest - naturalLog(sum) : exponential(value - greatest) / sum
            }
        }
        return true
    }
    // The definitions are as plain as can be.
    func channelStatistics(_ mean: Tensor, _ variance: Tensor, _ x: Tensor) -> Bool { false }
    func normalizeChannels(_ out: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Bool {
        false
    }
    func normalizeChannelsGradient(
        _ to: (x: Tensor?, weight: Tensor?, bias: Tensor?), _ g: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?
    ) -> Bool { false }
    func recurrence(_ kind: TernRecurrence, reversed: Bool, _ x: RecurrentArrays) -> Bool { false }
    func recurrenceGradient(_ kind: TernRecurrence, reversed: Bool, _ x: RecurrentArrays, _ to: RecurrentGradients) -> Bool { false }

    func softmaxGradient(_ dx: Tensor, _ g: Tensor, _ y: Tensor, _ dim: Int, logarithm: Bool) -> Bool {
        guard y.dtype.isFloatingPoint, dx.dtype == y.dtype, g.dtype == y.dtype else { return false }
        let (dx, g, y) = (Elements(dx), Elements(g), Elements(y))
        forEachLine(y.shape, dim) { line in
            let sum = line.reduce(0.0) { $0 + (logarithm ? g[$1] : g[$1] * y[$1]) }
            for i in line { dx[i] = logarithm ? g[i] - exponential(y[i]) * sum : y[i] * (g[i] - sum) }
        }
        return true
    }
    private func exponential(_ x: Double) -> Double { Functions.real["exp"]?(x) ?? .nan }
    private func naturalLog(_ x: Double) -> Double { Functions.real["log"]?(x) ?? .nan }

    func nllLoss(_ out: Seen, _ x: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction) -> Int64 {
        guard isLoss(x, out, target, weight) else { return Int64(TERN_INDEX_NO_KERNEL) }
        let (out, x, target, weight) = (Elements(out), Elements(x), Elements(target), weight.map(Elements.init))
        var sum = 0.0, weights = 0.0, verdict = Int64(TERN_INDEX_OK), place: Int64 = 0
        forEachIndex(target.shape) { i in
            let c: Int64 = target[i]
            var loss = 0.0
            if c != Int64(ignored) {
                if c < 0 || c >= Int64(x.shape[1]) {
                    if verdict == Int64(TERN_INDEX_OK) { verdict = place }
                } else {
                    let own = weightOf(c, weight)
                    loss = -own * x[[i[0], Int(c), i[1]]]
                    weights += own
                }
            }
            sum += loss
            if reduction == TERN_LOSS_NONE { out[i] = loss }
            place += 1
        }
        if reduction != TERN_LOSS_NONE { out[[]] = reduction == TERN_LOSS_MEAN ? sum / weights : sum }
        return verdict
    }
    func nllLossGradient(
        _ dx: Seen, _ g: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction
    ) -> Bool {
        guard isLoss(dx, g, target, weight) else { return false }
        let (dx, g, target, weight) = (Elements(dx), Elements(g), Elements(target), weight.map(Elements.init))
        var weights = 0.0
        forEachIndex(target.shape) { i in
            let c: Int64 = target[i]
            if c != Int64(ignored) { weights += weightOf(c, weight) }
        }
        forEachIndex(dx.shape) { i in
            let c: Int64 = target[[i[0], i[2]]]
            let own = c == Int64(i[1]) && c != Int64(ignored) ? -weightOf(c, weight) : 0
            let incoming: Double = reduction == TERN_LOSS_NONE ? g[[i[0], i[2]]] : g[[]]
            dx[i] = own == 0 ? 0 : own / (reduction == TERN_LOSS_MEAN ? weights : 1) * incoming
        }
        return true
    }
    private func isLoss(_ x: Seen, _ other: Seen, _ target: Seen, _ weight: Tensor?) -> Bool {
        x.dtype.isFloatingPoint && other.dtype == x.dtype && target.dtype == .int64 && weight.map { $0.dtype == x.dtype } != false
    }
    private func weightOf(_ c: Int64, _ weight: Elements?) -> Double { weight.map { $0[[Int(c)]] } ?? 1 }

    func adamStep(_ p: Tensor, _ g: Tensor, _ mean: Tensor, _ square: Tensor, _ maxSquare: Tensor?, _ o: TernAdam) -> Bool {
        guard p.dtype == .float32 || p.dtype == .float64, [g.dtype, mean.dtype, square.dtype].allSatisfy({ $0 == p.dtype }) else {
            return false
        }
        let (p, g, mean, square, maxSquare) = (Elements(p), Elements(g), Elements(mean), Elements(square), maxSquare.map(Elements.init))
        forEachIndex(p.shape) { i in
            var value: Double = p[i], gradient: Double = o.maximize ? -g[i] : g[i]
            if o.decoupled { value -= o.learningRate * o.weightDecay * value } else { gradient += o.weightDecay * value }
            let m: Double = o.beta1 * mean[i] + (1 - o.beta1) * gradient
            let v: Double = o.beta2 * square[i] + (1 - o.beta2) * gradient * gradient
            (mean[i], square[i]) = (m, v)
            var scale = v
            if let maxSquare {
                scale = max(maxSquare[i], v)
                maxSquare[i] = scale
            }
            p[i] = value - o.learningRate * (m / o.biasCorrection1) / ((scale / o.biasCorrection2).squareRoot() + o.epsilon)
        }
        return true
    }
    func sgdStep(_ p: Tensor, _ g: Tensor, _ momentum: Tensor?, _ o: TernSGD) -> Bool {
        guard p.dtype == .float32 || p.dtype == .float64, g.dtype == p.dtype else { return false }
        let (p, g, momentum) = (Elements(p), Elements(g), momentum.map(Elements.init))
        forEachIndex(p.shape) { i in
            let value: Double = p[i]
            var gradient: Double = (o.maximize ? -g[i] : g[i]) + o.weightDecay * value
            if let momentum {
                let buffer: Double = o.firstStep ? gradient : o.momentum * momentum[i] + (1 - o.dampening) * gradient
                momentum[i] = buffer
                gradient = o.nesterov ? gradient + o.momentum * buffer : buffer
            }
            p[i] = value - o.learningRate * gradient
        }
        return true
    }
}
