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
            Workload(name: "gpt_11m_batch_8x256_step", isHeavy: true) {
                let model = GPT(), ids = Tensor.randint(0..<256, [8, 256]), y = Tensor.randint(0..<256, [8, 256])
                let optimizer = AdamW(model.parameters(), lr: 3e-4)
                return {
                    optimizer.zeroGrad()
                    crossEntropy(model(ids).view(-1, 256), y.view(-1)).backward()
                    optimizer.step()
                }
            },
            Workload(name: "gpt_11m_one_token_forward") {
                let model = GPT(), ids = Tensor.randint(0..<256, [1, 64])
                return { noGrad { _ = model(ids) } }
            },
            Workload(name: "lstm_128_256_64x32_step") {
                let model = LSTM(128, 256), x = Tensor.randn(64, 32, 128, requiresGrad: true)
                return { model(x).output.sum().backward() }
            },
            Workload(name: "gru_128_256_64x32_step") {
                let model = GRU(128, 256), x = Tensor.randn(64, 32, 128, requiresGrad: true)
                return { model(x).output.sum().backward() }
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
            Workload(name: "save_1gib_pt", isHeavy: true) { Checkpoint.save() },
            Workload(name: "load_1gib_pt", isHeavy: true) { Checkpoint.load() },
            Workload(name: "start") { {} },
        ]
    }
}
