import CTernCPU
import Testing

@testable import TernCore

// Matrix products, convolution, pooling and the fused kernels against the reference.

extension KernelTests {
    @Test("matrix products", arguments: DType.allCases)
    func matmul(_ dtype: DType) {
        var dice = Dice(1100)
        // batch, m, k, n
        var cases: [(Shape, Int, Int, Int)] = [
            ([], 1, 1, 1), ([], 3, 4, 5), ([], 17, 9, 1), ([], 1, 20, 33), ([], 4, 0, 3), ([], 0, 2, 3), ([3], 4, 5, 6), ([2, 3], 2, 7, 2),
            ([0], 2, 2, 2),
        ]
        if dtype == .float32 || dtype == .float64 || dtype == .bfloat16 || dtype == .int32 { cases.append(([], 65, 130, 70)) }
        for (batch, m, k, n) in cases where dtype != .bool || batch.elementCount * m * n > 0 {
            let a = sample(Shape(batch + [m, k]), dtype, .small, placement(&dice), &dice)
            let b = sample(Shape(batch + [k, n]), dtype, .small, placement(&dice), &dice)
            let bias = sample(Shape(batch + [m, n]), dtype, .small, placement(&dice), &dice)
            let shape = Shape(batch + [m, n]), loose = 4 + Double(k)
            let plain = (a: false, b: false)
            compare("matmul", [room(shape, dtype, &dice)], [a, b], loose: loose) { $0.matmul($1[0], $2[0], $2[1], nil, transposed: plain) }
            compare("matmul with bias", [room(shape, dtype, &dice)], [a, b, bias], loose: loose) {
                $0.matmul($1[0], $2[0], $2[1], $2[2], transposed: plain)
            }
            // One factor and a row of bias for the whole batch, factors as the columns that they are used as.
            let at = sample([k, m], dtype, .small, placement(&dice), &dice), row = sample([n], dtype, .small, placement(&dice), &dice)
            let bt = sample(Shape(batch + [n, k]), dtype, .small, placement(&dice), &dice)
            compare("matmul, broadcast and transposed", [room(shape, dtype, &dice)], [at, bt, row], loose: loose) {
                $0.matmul($1[0], $2[0], $2[1], $2[2], transposed: (true, true))
            }
        }
        if dtype == .bool { return }
        let x = sample([9], dtype, .small, placement(&dice), &dice), y = sample([9], dtype, .small, placement(&dice), &dice)
        compare("product of vectors", [room([1, 1], dtype, &dice)], [x, y], loose: 16) {
            $0.matmul($1[0], $2[0], $2[1], nil, transposed: (false, false))
        }
    }

    @Test("negative log-likelihood", arguments: [DType.float32, .float64, .float16, .bfloat16, .int64])
    func nllLoss(_ dtype: DType) {
        var dice = Dice(1900)
        for (n, s) in [(0, 1), (1, 1), (3, 4), (1, 4097), (4095, 1)] {
            for reduction in [TERN_LOSS_NONE, TERN_LOSS_MEAN, TERN_LOSS_SUM] {
                let x = sample([n, 3, s], dtype, .small, placement(&dice), &dice),
                    g = sample([n, s], dtype, .small, placement(&dice), &dice)
                let classes = sample([n, s], .int64, .range(0...2), placement(&dice), &dice)
                let weight = sample([3], dtype, .range(0.5...2), placement(&dice), &dice)
                let out = reduction == TERN_LOSS_NONE ? room([n, s], dtype, &dice) : sample([], dtype, .small, .contiguous, &dice)
                let dx = sample([n, 3, s], dtype, .small, .contiguous, &dice)
                let incoming = reduction == TERN_LOSS_NONE ? g : sample([], dtype, .small, .contiguous, &dice)
                // Class 2 counts, and it does not; with weights and without.
                for ignored in [-100, 2] {
                    compare("nll_loss", [out], [x, classes, weight], loose: 4) {
                        $0.nllLoss($1[0], $2[0], $2[1], ignored > 0 ? $2[2] : nil, ignored: ignored, reduction)
                    }
                    compare("gradient of nll_loss", [dx], [incoming, classes, weight], loose: 4) {
                        $0.nllLossGradient($1[0], $2[0], $2[1], ignored > 0 ? $2[2] : nil, ignored: ignored, reduction)
                    }
                }
            }
        }
    }

    @Test("products and quotients of half tensors and float32 numbers", arguments: [DType.float16, .bfloat16])
    func halfBesideFloat(_ dtype: DType) {
        var dice = Dice(1950)
        for op in [TERN_BINARY_add, TERN_BINARY_sub, TERN_BINARY_mul, TERN_BINARY_div, TERN_BINARY_pow] {
            for shape in KernelTests.shapes {
                let x = sample(shape, dtype, .small, placement(&dice), &dice), y = sample(shape, .float32, .small, placement(&dice), &dice)
                compare("half and float32", [room(shape, dtype, &dice)], [x, y]) { $0.binary(op, $1[0], $2[0], $2[1]) }
                compare("float32 and half", [room(shape, dtype, &dice)], [x, y]) { $0.binary(op, $1[0], $2[1], $2[0]) }
            }
        }
    }

    /// The sizes of one convolution.
    struct Convolution {
        var images = 2, channels = 4, outputs = 6, groups = 1
        var size: [Int], kernel: [Int]
        var stride = [1, 1, 1], padding = [0, 0, 0], dilation = [1, 1, 1]

        var geometry: TernConvolution {
            TernConvolution(stride: three(stride), padding: three(padding), dilation: three(dilation), groups: Int64(groups))
        }
        var out: [Int] {
            size.indices.map { (size[$0] + 2 * padding[$0] - dilation[$0] * (kernel[$0] - 1) - 1) / stride[$0] + 1 }
        }
    }

    @Test("convolutions", arguments: [DType.float32, .float64, .float16, .bfloat16, .complex64, .complex128, .int32])
    func convolution(_ dtype: DType) {
        var dice = Dice(1200)
        let cases = [
            Convolution(size: [9], kernel: [3]), Convolution(size: [7, 6], kernel: [3, 2]),
            Convolution(size: [4, 5, 4], kernel: [2, 3, 2]),
            Convolution(size: [8, 9], kernel: [3, 3], stride: [2, 3, 1], padding: [1, 2, 0]),
            Convolution(size: [9, 11], kernel: [2, 3], padding: [2, 1, 0], dilation: [3, 2, 1]),
            Convolution(groups: 2, size: [6, 6], kernel: [3, 3], padding: [1, 1, 0]),
            Convolution(channels: 6, outputs: 6, groups: 6, size: [7, 5], kernel: [3, 3], stride: [2, 1, 1], padding: [1, 1, 0]),
            Convolution(size: [5, 5], kernel: [1, 1]), Convolution(images: 1, channels: 1, outputs: 1, size: [3, 3], kernel: [3, 3]),
            Convolution(images: 3, channels: 3, outputs: 5, size: [12, 13], kernel: [5, 5], padding: [2, 2, 0]),
            Convolution(size: [4, 5, 4], kernel: [2, 2, 2], stride: [2, 1, 2], padding: [1, 1, 1], dilation: [2, 1, 1]),
            Convolution(images: 0, size: [5, 5], kernel: [3, 3]),
        ]
        for c in cases {
            let x = sample(Shape([c.images, c.channels] + c.size), dtype, .small, placement(&dice), &dice)
            let weight = sample(Shape([c.outputs, c.channels / c.groups] + c.kernel), dtype, .small, placement(&dice), &dice)
            let bias = sample([c.outputs], dtype, .small, placement(&dice), &dice)
            let shape = Shape([c.images, c.outputs] + c.out), g = sample(shape, dtype, .small, placement(&dice), &dice)
            for bias in [bias, nil] {
                compare("convolution", [room(shape, dtype, &dice)], [x, weight] + (bias.map { [$0] } ?? []), loose: 30) {
                    $0.convolution($1[0], $2[0], $2[1], $2.count > 2 ? $2[2] : nil, c.geometry)
                }
            }
            compare("convolutionInputGradient", [room(x.shape, dtype, &dice)], [g, weight], loose: 30) {
                $0.convolutionInputGradient($1[0], $2[0], $2[1], c.geometry)
            }
            compare("convolutionWeightGradient", [room(weight.shape, dtype, &dice)], [g, x], loose: 100) {
                $0.convolutionWeightGradient($1[0], $2[0], $2[1], c.geometry)
            }
        }
    }

    @Test("pooling", arguments: [DType.float32, .float64, .float16, .bfloat16, .int32])
    func pooling(_ dtype: DType) {
        var dice = Dice(1300)
        /// The input's sizes, the window, and whether the output's size is rounded up.
        let cases: [(size: [Int], kernel: [Int], stride: [Int], padding: [Int], dilation: [Int], up: Bool)] = [
            ([9], [2], [2], [0], [1], false), ([7, 8], [3, 2], [2, 1], [1, 0], [1, 1], false),
            ([4, 5, 6], [2, 3, 2], [1, 2, 2], [1, 1, 0], [1, 1, 1], false),
            ([7, 8], [3, 3], [2, 2], [0, 1], [1, 1], true), ([9, 9], [2, 3], [2, 1], [1, 1], [3, 2], false),
            ([5, 5], [5, 5], [1, 1], [2, 2], [1, 1], false),
        ]
        for c in cases {
            let x = sample(Shape([2, 3] + c.size), dtype, .small, placement(&dice), &dice)
            for (isAverage, includesPadding, divisor) in [(false, false, 0), (true, true, 0), (true, false, 0), (true, true, 7)] {
                let dilation = isAverage ? c.dilation.map { _ in 1 } : c.dilation
                let geometry = TernPooling(
                    kernel: three(c.kernel), stride: three(c.stride), padding: three(c.padding), dilation: three(dilation),
                    countIncludesPadding: includesPadding, divisor: Int64(divisor))
                let out = c.size.indices.map { d in
                    let room = c.size[d] + 2 * c.padding[d] - dilation[d] * (c.kernel[d] - 1) - 1
                    let rounded = (room + (c.up ? c.stride[d] - 1 : 0)) / c.stride[d] + 1
                    // A window that starts in the padding beyond the end is none.
                    return (rounded - 1) * c.stride[d] >= c.size[d] + c.padding[d] ? rounded - 1 : rounded
                }
                let shape = Shape([2, 3] + out)
                if isAverage {
                    compare("avgPool", [room(shape, dtype, &dice)], [x], loose: 4) { $0.avgPool($1[0], $2[0], geometry) }
                    let g = sample(shape, dtype, .small, placement(&dice), &dice)
                    compare("avgPoolGradient", [room(x.shape, dtype, &dice)], [g], loose: 4) { $0.avgPoolGradient($1[0], $2[0], geometry) }
                } else {
                    let odd = sample(x.shape, dtype, .special, placement(&dice), &dice)
                    for x in [x, odd] {
                        compare("maxPool", [room(shape, dtype, &dice), room(shape, .int64, &dice)], [x]) {
                            $0.maxPool($1[0], $1[1], $2[0], geometry)
                        }
                    }
                }
            }
        }
    }

    @Test("softmax", arguments: DType.allCases)
    func softmax(_ dtype: DType) {
        var dice = Dice(1400)
        for shape in KernelTests.foldShapes + [[4, 1000]] {
            for logarithm in [false, true] {
                let dim = shape.count == 0 ? 0 : Int.random(in: 0..<shape.count, using: &dice)
                let x = sample(shape, dtype, .range(-6...6), placement(&dice), &dice),
                    g = sample(shape, dtype, .small, placement(&dice), &dice)
                compare("softmax along \(dim)", [room(shape, dtype, &dice)], [x], loose: 4) {
                    $0.softmax($1[0], $2[0], dim, logarithm: logarithm)
                }
                let y = Tensor(empty: shape, dtype, on: Backends.cpu, for: "test")
                guard Backends.cpu.softmax(y, x, dim, logarithm: logarithm) else { continue }
                compare("softmaxGradient along \(dim)", [room(shape, dtype, &dice)], [g, y], loose: 40) {
                    $0.softmaxGradient($1[0], $2[0], $2[1], dim, logarithm: logarithm)
                }
            }
        }
    }

    @Test("optimizer steps", arguments: [DType.float32, .float64, .float16])
    func optimizers(_ dtype: DType) {
        var dice = Dice(1500)
        for shape in [[], [0], [3, 7], [20_000]] as [Shape] {
            // Parameter, gradient, and state that is never negative.
            let values = { (dice: inout Dice) in sample(shape, dtype, .small, .contiguous, &dice) }
            let positive = { (dice: inout Dice) in sample(shape, dtype, .range(0.01...2), .contiguous, &dice) }
            for line in 0..<8 {
                let (amsgrad, decoupled, maximize) = (line & 1 == 1, line & 2 == 2, line & 4 == 4)
                let adam = TernAdam(
                    learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: line > 1 ? 0.1 : 0, biasCorrection1: 0.19,
                    biasCorrection2: 0.02, decoupled: decoupled, maximize: maximize)
                var state = [values(&dice), values(&dice), positive(&dice)]
                if amsgrad { state.append(positive(&dice)) }
                compare("adam", state, [values(&dice)], loose: 4) { $0.adamStep($1[0], $2[0], $1[1], $1[2], amsgrad ? $1[3] : nil, adam) }
                let (hasMomentum, first) = (line & 1 == 1, line & 4 == 4)
                let sgd = TernSGD(
                    learningRate: 0.1, momentum: hasMomentum ? 0.9 : 0, dampening: line == 1 ? 0.5 : 0, weightDecay: decoupled ? 0.1 : 0,
                    nesterov: hasMomentum && line > 2, maximize: line == 6, firstStep: first)
                compare("sgd", hasMomentum ? [values(&dice), values(&dice)] : [values(&dice)], [values(&dice)], loose: 4) {
                    $0.sgdStep($1[0], $2[0], hasMomentum ? $1[1] : nil, sgd)
                }
            }
        }
    }
}

/// Up to three numbers, as the kernels' structs hold them; what is missing does not count.
private func three(_ list: [Int]) -> (Int64, Int64, Int64) {
    let padded = (list + [1, 1, 1]).map(Int64.init)
    return (padded[0], padded[1], padded[2])
}
