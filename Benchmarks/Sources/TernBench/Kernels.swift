import Tern

extension Kernel {
    /// Float32, unless the name says otherwise.
    static var all: [Kernel] { pointwise + folds + normalizations + products + convolutions + steps + moves }

    private static let rows = 4096, columns = 1024, n = rows * columns
    private static let table = "\(rows)×\(columns)"
    private static func matrix() -> Tensor { .randn(rows, columns) }

    /// A call of the gradient of `y` alone: the forward pass is done.
    private static func backward(_ y: Tensor, _ inputs: Tensor...) -> () -> Void {
        let g = Tensor.randn(y.shape)
        return { _ = grad(of: y, wrt: inputs, gradient: g, retainGraph: true) }
    }

    private static var pointwise: [Kernel] {
        [(65_536, "64 Ki"), (8_388_608, "8 Mi")].flatMap { n, size in
            let unary: [(String, (Tensor) -> Tensor)] = [
                ("exp", { $0.exp() }), ("tanh", { $0.tanh() }), ("erf", { $0.erf() }), ("gelu", { $0.gelu() }), ("relu", { $0.relu() }),
            ]
            return [
                Kernel("add", size, read: 8 * n, written: 4 * n) {
                    let a = Tensor.randn(n), b = Tensor.randn(n)
                    return { _ = a + b }
                },
                Kernel("add a row", "\(size), rows of 1024", read: 4 * n, written: 4 * n) {
                    let a = Tensor.randn(n / 1024, 1024), b = Tensor.randn(1024)
                    return { _ = a + b }
                },
            ]
                + unary.map { name, f in
                    Kernel(name, size, read: 4 * n, written: 4 * n) {
                        let x = Tensor.randn(n)
                        return { _ = f(x) }
                    }
                }
        }
    }

    private static var folds: [Kernel] {
        let calls: [(String, Int, (Tensor) -> Void)] = [
            ("sum of all", 0, { _ = $0.sum() }), ("sum of each row", 4 * rows, { _ = $0.sum(1) }),
            ("sum of each column", 4 * columns, { _ = $0.sum(0) }), ("argmax of each row", 8 * rows, { _ = $0.argmax(1) }),
            ("cumsum along rows", 4 * n, { _ = $0.cumsum(1) }), ("cumsum along columns", 4 * n, { _ = $0.cumsum(0) }),
            ("sort of rows", 12 * n, { _ = $0.sort(1) }),
        ]
        return calls.map { name, written, f in
            Kernel(name, table, read: 4 * n, written: written) {
                let x = matrix()
                return { f(x) }
            }
        }
    }

    private static var normalizations: [Kernel] {
        let images: Shape = [16, 64, 32, 32], pixels = 16 * 64 * 32 * 32, imageSize = "16×64×32×32"
        func channels() -> (Tensor, Tensor) { (.ones(64, requiresGrad: true), .zeros(64, requiresGrad: true)) }
        func features() -> (Tensor, Tensor) { (.ones(columns, requiresGrad: true), .zeros(columns, requiresGrad: true)) }
        return [
            Kernel("softmax", table, read: 4 * n, written: 4 * n) {
                let x = matrix()
                return { _ = x.softmax(1) }
            },
            Kernel("softmax, gradient", table, read: 8 * n, written: 4 * n) {
                let x = Tensor.randn(rows, columns, requiresGrad: true)
                return backward(x.softmax(1), x)
            },
            Kernel("cross entropy", table, read: 4 * n, written: 0) {
                let x = matrix(), y = Tensor.randint(0..<columns, [rows])
                return { _ = crossEntropy(x, y) }
            },
            Kernel("layer norm", table, read: 4 * n, written: 4 * n) {
                let x = matrix(), (w, b) = features()
                return { noGrad { _ = layerNorm(x, normalizedShape: [columns], weight: w, bias: b) } }
            },
            Kernel("layer norm, gradient", table, read: 8 * n, written: 4 * n) {
                let x = Tensor.randn(rows, columns, requiresGrad: true), (w, b) = features()
                return backward(layerNorm(x, normalizedShape: [columns], weight: w, bias: b), x, w, b)
            },
            Kernel("batch norm", imageSize, read: 4 * pixels, written: 4 * pixels) {
                let x = Tensor.randn(images), (w, b) = channels()
                return { noGrad { _ = batchNorm(x, weight: w, bias: b) } }
            },
            Kernel("batch norm, gradient", imageSize, read: 8 * pixels, written: 4 * pixels) {
                let x = Tensor.randn(images, requiresGrad: true), (w, b) = channels()
                return backward(batchNorm(x, weight: w, bias: b), x, w, b)
            },
            Kernel("max pooling 2×2", imageSize, read: 4 * pixels, written: pixels) {
                let x = Tensor.randn(images)
                return { _ = maxPool2d(x, kernelSize: 2) }
            },
            Kernel("max pooling 2×2, gradient", imageSize, read: 3 * pixels, written: 4 * pixels) {
                let x = Tensor.randn(images, requiresGrad: true)
                return backward(maxPool2d(x, kernelSize: 2), x)
            },
            Kernel("average pooling 2×2", imageSize, read: 4 * pixels, written: pixels) {
                let x = Tensor.randn(images)
                return { _ = avgPool2d(x, kernelSize: 2) }
            },
        ]
    }

    private static var products: [Kernel] {
        func product(_ m: Int, _ k: Int, _ n: Int, batch: Int = 1) -> Kernel {
            let size = "\(batch > 1 ? "\(batch) of " : "")\(m)×\(k) · \(k)×\(n)"
            return Kernel(
                "matmul", size, read: 4 * batch * (m * k + k * n), written: 4 * batch * m * n, flops: 2 * batch * m * k * n
            ) {
                let a = Tensor.randn(batch, m, k), b = Tensor.randn(batch, k, n)
                let (x, y) = batch > 1 ? (a, b) : (a[0], b[0])
                return { _ = x.matmul(y) }
            }
        }
        let (b, h, t, d) = (8, 6, 256, 64)
        return [
            product(64, 64, 64), product(256, 256, 256), product(1000, 1000, 1000), product(2048, 2048, 2048), product(256, 784, 256),
            product(2048, 384, 1536), product(1, 1024, 1024), product(64, 64, 64, batch: 64),
            Kernel("attention", "\(b)×\(h)×\(t)×\(d)", read: 12 * b * h * t * d, written: 4 * b * h * t * d, flops: 4 * b * h * t * t * d) {
                let q = Tensor.randn(b, h, t, d), k = Tensor.randn(b, h, t, d), v = Tensor.randn(b, h, t, d)
                return { _ = scaledDotProductAttention(q, k, v) }
            },
            Kernel(
                "LSTM", "64×32, 128 to 256", read: 4 * (64 * 32 * 128 + 4 * 256 * (128 + 256)), written: 4 * 64 * 32 * 256,
                flops: 2 * 64 * 32 * 4 * 256 * (128 + 256)
            ) {
                let layer = LSTM(128, 256), x = Tensor.randn(64, 32, 128)
                return { noGrad { _ = layer(x).output } }
            },
        ]
    }

    private static var convolutions: [Kernel] {
        // Images, channels in and out, height and width, kernel, padding.
        [(16, 64, 64, 16, 3, 1), (16, 256, 256, 4, 3, 1), (16, 64, 128, 16, 1, 0), (256, 1, 6, 28, 5, 2), (256, 6, 16, 14, 5, 0)].flatMap {
            images, i, o, side, k, padding in
            let out = side + 2 * padding - k + 1, size = "\(images)×\(i)×\(side)×\(side) to \(o), \(k)×\(k)"
            let x = 4 * images * i * side * side, w = 4 * o * i * k * k, y = 4 * images * o * out * out
            let flops = 2 * images * o * out * out * i * k * k
            func operands() -> (Tensor, Tensor) {
                (.randn(images, i, side, side, requiresGrad: true), .randn(o, i, k, k, requiresGrad: true))
            }
            return [
                Kernel("convolution", size, read: x + w, written: y, flops: flops) {
                    let (x, w) = operands()
                    return { noGrad { _ = conv2d(x, w, padding: padding) } }
                },
                Kernel("convolution, gradient of images", size, read: y + w, written: x, flops: flops) {
                    let (x, w) = operands()
                    return backward(conv2d(x, w, padding: padding), x)
                },
                Kernel("convolution, gradient of weights", size, read: x + y, written: w, flops: flops) {
                    let (x, w) = operands()
                    return backward(conv2d(x, w, padding: padding), w)
                },
            ]
        }
    }

    private static var steps: [Kernel] {
        func step(_ name: String, arrays: Int, written: Int, _ make: @escaping ([Parameter<Tensor>]) -> Optimizer) -> Kernel {
            Kernel(name, "8 Mi", read: 4 * arrays << 23, written: 4 * written << 23) {
                let p = Parameter(wrappedValue: Tensor.randn(1 << 23))
                p.grad = Tensor.randn(1 << 23)
                let optimizer = make([p])
                return { optimizer.step() }
            }
        }
        return [
            step("SGD step", arrays: 2, written: 1) { SGD($0, lr: 1e-3) },
            step("SGD step with momentum", arrays: 3, written: 2) { SGD($0, lr: 1e-3, momentum: 0.9) },
            step("AdamW step", arrays: 4, written: 3) { AdamW($0, lr: 1e-3) },
        ]
    }

    private static var moves: [Kernel] {
        func conversion(_ from: DType, _ to: DType) -> Kernel {
            Kernel("\(from.name) to \(to.name)", "8 Mi", read: from.itemSize << 23, written: to.itemSize << 23) {
                let x = Tensor.ones(1 << 23, dtype: from)
                return { _ = x.to(to) }
            }
        }
        return [
            Kernel("copy", "8 Mi", read: 4 << 23, written: 4 << 23) {
                let x = Tensor.randn(1 << 23)
                return { _ = x.clone() }
            },
            Kernel("transposition", table, read: 4 * n, written: 4 * n) {
                let x = matrix().t()
                return { _ = x.contiguous() }
            },
            conversion(.float32, .float16), conversion(.float16, .float32), conversion(.float32, .bfloat16), conversion(.float32, .float64),
            conversion(.int64, .float32),
            Kernel("gather along rows", table, read: 12 * n, written: 4 * n) {
                let x = matrix(), index = Tensor.randint(0..<columns, [rows, columns])
                return { _ = x.gather(1, index) }
            },
            Kernel("embedding", "\(rows) of 32768×512", read: rows * (8 + 4 * 512), written: 4 * rows * 512) {
                let weight = Tensor.randn(32768, 512), ids = Tensor.randint(0..<32768, [rows])
                return { _ = embedding(ids, weight) }
            },
            Kernel("embedding, gradient", "\(rows) of 32768×512", read: rows * (8 + 4 * 512), written: 4 * 32768 * 512) {
                let weight = Tensor.randn(32768, 512, requiresGrad: true), ids = Tensor.randint(0..<32768, [rows])
                return backward(embedding(ids, weight), weight)
            },
            Kernel("uniform random numbers", "8 Mi", read: 0, written: 4 << 23) { { _ = Tensor.rand(1 << 23) } },
            Kernel("normal random numbers", "8 Mi", read: 0, written: 4 << 23) { { _ = Tensor.randn(1 << 23) } },
        ]
    }
}
