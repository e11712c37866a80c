import Tern

// The networks of the workloads, as PyTorch's side of the comparison builds them.

extension Workloads {
    static func classifier(_ model: Sequential, _ x: Tensor, classes: Int, lr: Double) -> () -> Void {
        let y = Tensor.randint(0..<classes, [x.shape[0]])
        let optimizer = SGD(model.parameters(), lr: lr)
        return {
            optimizer.zeroGrad()
            crossEntropy(model(x), y).backward()
            optimizer.step()
        }
    }

    static func mlp(_ sizes: Int...) -> Sequential {
        var layers: [any Layer] = []
        for (i, o) in zip(sizes, sizes.dropFirst()) { layers += [Linear(i, o), ReLU()] }
        return Sequential(layers.dropLast())
    }

    static func leNet() -> Sequential {
        Sequential(
            Conv2d(1, 6, kernelSize: 5, padding: 2), Sigmoid(), AvgPool2d(kernelSize: 2), Conv2d(6, 16, kernelSize: 5), Sigmoid(),
            AvgPool2d(kernelSize: 2), Flatten(), Linear(400, 120), Sigmoid(), Linear(120, 84), Sigmoid(), Linear(84, 10))
    }

    private final class ResidualBlock: Module, Layer {
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

    static func resNet18() -> Sequential {
        let net = Sequential(
            Conv2d(3, 64, kernelSize: 7, stride: 2, padding: 3, bias: false), BatchNorm2d(64), ReLU(),
            MaxPool2d(kernelSize: 3, stride: 2, padding: 1))
        var width = 64
        for (out, stride) in [(64, 1), (128, 2), (256, 2), (512, 2)] {
            net.append(ResidualBlock(width, out, stride: stride))
            net.append(ResidualBlock(out, out, stride: 1))
            width = out
        }
        net.append(AdaptiveAvgPool2d(1))
        net.append(Flatten())
        net.append(Linear(512, 1000))
        return net
    }
}

/// A decoder-only transformer over bytes: 11 million parameters.
final class GPT: Module, Layer {
    private static let layers = 6, width = 384, heads = 6, length = 256, vocabulary = 256

    private final class Block: Module, Layer {
        let norm1 = LayerNorm(width), qkv = Linear(width, 3 * width), out = Linear(width, width)
        let norm2 = LayerNorm(width), up = Linear(width, 4 * width), down = Linear(4 * width, width)

        func forward(_ x: Tensor) -> Tensor {
            let (b, t) = (x.shape[0], x.shape[1])
            let parts = qkv(norm1(x)).split(width, dim: 2).map { $0.view(b, t, heads, width / heads).transpose(1, 2) }
            let attended = scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true).transpose(1, 2).reshape(b, t, width)
            let y = x + out(attended)
            return y + down(gelu(up(norm2(y))))
        }
    }

    let tokens = Embedding(vocabulary, width), places = Embedding(length, width)
    let blocks = Sequential((0..<layers).map { _ in Block() })
    let norm = LayerNorm(width), head = Linear(width, vocabulary, bias: false)

    func forward(_ ids: Tensor) -> Tensor { head(norm(blocks(tokens(ids) + places(Tensor.arange(ids.shape[1]))))) }
}
