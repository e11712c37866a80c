import Tern

/// The workloads that PyTorch is timed on, under the same names.
struct Workload {
    let name: String
    var isHeavy = false
    /// Prepares the work, and answers one call of it.
    let make: () -> () -> Void
}

enum Workloads {
    static var all: [Workload] {
        [
            Workload(name: "add_1") {
                let a = Tensor.randn(1), b = Tensor.randn(1)
                return { _ = a + b }
            },
            Workload(name: "add_1_backward") {
                let a = Tensor.randn(1, requiresGrad: true), b = Tensor.randn(1, requiresGrad: true)
                return { (a + b).backward() }
            },
            Workload(name: "mlp_20_256_10_batch_2_forward") {
                let model = mlp(20, 256, 10), x = Tensor.randn(2, 20)
                return { noGrad { _ = model(x) } }
            },
            Workload(name: "mlp_20_256_10_batch_2_step") { classifier(mlp(20, 256, 10), .randn(2, 20), classes: 10, lr: 0.01) },
            Workload(name: "mlp_784_256_10_batch_256_step") { classifier(mlp(784, 256, 10), .randn(256, 784), classes: 10, lr: 0.1) },
            Workload(name: "lenet_batch_256_step") { classifier(leNet(), .randn(256, 1, 28, 28), classes: 10, lr: 0.1) },
            Workload(name: "resnet18_64px_batch_16_step", isHeavy: true) {
                classifier(resNet18(), .randn(16, 3, 64, 64), classes: 1000, lr: 0.1)
            },
            Workload(name: "resnet18_64px_batch_1_forward") {
                let model = resNet18().eval(), x = Tensor.randn(1, 3, 64, 64)
                return { noGrad { _ = model(x) } }
            },
            Workload(name: "matmul_1000") {
                let a = Tensor.randn(1000, 1000), b = Tensor.randn(1000, 1000)
                return { _ = a.matmul(b) }
            },
            Workload(name: "softmax_4096x1024") {
                let x = Tensor.randn(4096, 1024)
                return { _ = x.softmax(1) }
            },
            Workload(name: "add_10m") {
                let a = Tensor.randn(10_000_000), b = Tensor.randn(10_000_000)
                return { _ = a + b }
            },
            Workload(name: "sum_10m") {
                let a = Tensor.randn(10_000_000)
                return { _ = a.sum() }
            },
            Workload(name: "adamw_10m_step") {
                let p = Parameter(wrappedValue: Tensor.randn(10_000_000))
                p.grad = Tensor.randn(10_000_000)
                let optimizer = AdamW([p], lr: 1e-3)
                return { optimizer.step() }
            },
            Workload(name: "start") { {} },
        ]
    }

    private static func classifier(_ model: Sequential, _ x: Tensor, classes: Int, lr: Double) -> () -> Void {
        let y = Tensor.randint(0..<classes, [x.shape[0]])
        let optimizer = SGD(model.parameters(), lr: lr)
        return {
            optimizer.zeroGrad()
            crossEntropy(model(x), y).backward()
            optimizer.step()
        }
    }

    private static func mlp(_ sizes: Int...) -> Sequential {
        var layers: [any Layer] = []
        for (i, o) in zip(sizes, sizes.dropFirst()) { layers += [Linear(i, o), ReLU()] }
        return Sequential(layers.dropLast())
    }

    private static func leNet() -> Sequential {
        Sequential(
            Conv2d(1, 6, kernelSize: 5, padding: 2), Sigmoid(), AvgPool2d(kernelSize: 2), Conv2d(6, 16, kernelSize: 5), Sigmoid(),
            AvgPool2d(kernelSize: 2), Flatten(), Linear(400, 120), Sigmoid(), Linear(120, 84), Sigmoid(), Linear(84, 10))
    }

    private final class Block: Module, Layer {
        let conv1: Conv2d, bn1: BatchNorm2d, conv2: Conv2d, bn2: BatchNorm2d
        let down: Sequential?

        init(_ i: Int, _ o: Int, stride: Int) {
            conv1 = Conv2d(i, o, kernelSize: 3, stride: [stride], padding: 1, bias: false)
            bn1 = BatchNorm2d(o)
            conv2 = Conv2d(o, o, kernelSize: 3, padding: 1, bias: false)
            bn2 = BatchNorm2d(o)
            down = stride > 1 || i != o ? Sequential(Conv2d(i, o, kernelSize: 1, stride: [stride], bias: false), BatchNorm2d(o)) : nil
            super.init()
        }
        func forward(_ x: Tensor) -> Tensor {
            let y = relu(bn1(conv1(x)))
            return relu(bn2(conv2(y)) + (down?(x) ?? x))
        }
    }

    private static func resNet18() -> Sequential {
        let net = Sequential(
            Conv2d(3, 64, kernelSize: 7, stride: 2, padding: 3, bias: false), BatchNorm2d(64), ReLU(),
            MaxPool2d(kernelSize: 3, stride: 2, padding: 1))
        var width = 64
        for (out, stride) in [(64, 1), (128, 2), (256, 2), (512, 2)] {
            net.append(Block(width, out, stride: stride))
            net.append(Block(out, out, stride: 1))
            width = out
        }
        net.append(AdaptiveAvgPool2d(1))
        net.append(Flatten())
        net.append(Linear(512, 1000))
        return net
    }
}
