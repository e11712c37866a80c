import Foundation
import ParityKit
import Tern
import Testing

/// What results say of the op that made them; the names are PyTorch's, written by Tests/Parity/make_grad_names.py.
@Suite("names of gradients")
struct GradNameTests {
    /// The operators of which some or all cases say something else, and why.
    private static let exceptions: [(why: String, ops: Set<String>)] = [
        (
            "what is called in their place: PyTorch has two names, and Tern one function",
            [
                "__rdiv__", "__rsub__", "cholesky", "clamp_max", "clamp_min", "fill", "index_fill", "masked_fill", "rsub", "scatter",
                "squeeze", "zero_",
            ]
        ),
        (
            "nothing is to be done, and the tensor itself is given",
            ["logcumsumexp", "mode", "roll", "rot90", "slice", "t", "topk", "transpose"]
        ),
        (
            "both are made of other ops, and the last of them is another",
            [
                "combinations", "cumulative_trapezoid", "diff", "einsum", "inner", "linalg.cond", "linalg.matrix_power", "linalg.multi_dot",
                "linalg.norm", "linalg.norm.subgradients_at_zero", "linalg.tensorinv", "linalg.vecdot", "masked.prod",
                "masked.sum", "masked.var", "nn.functional.instance_norm", "nn.functional.local_response_norm",
                "nn.functional.scaled_dot_product_attention", "norm.nuc", "stft", "tensordot", "trapezoid", "trapz",
            ]
        ),
        ("PyTorch's name is that of a copy of a view: DiagonalBackward0_copy", ["diag"]),
    ]

    @Test("gradFn is PyTorch's grad_fn, for each result of the sample's operators")
    func names() throws {
        let cases = try CaseFile(SampleTests.sample.appendingPathComponent("cases"))
        let file = try Data(contentsOf: SampleTests.sample.appendingPathComponent("grad_names.json"))
        let names = try JSONDecoder().decode([String: [String]].self, from: file)
        var differences: [String] = [], answered: Set<String> = [], excepted: Set<String> = [], count = 0
        for i in cases.lines.indices {
            let c = try cases.value(i)
            guard c["kind"].text == "op", let id = c["id"].text, let wanted = names[id] else { continue }
            // Other tests draw from the default generator meanwhile.
            let reply = withGenerator(Generator()) { answer(c) }
            guard reply.status == .ok else { continue }  // no LAPACK, or told by the test of the sample
            let found = reply.out.filter(\.requiresGrad).map { $0.gradFn ?? "" }
            let op = String(id.prefix { $0 != "/" })
            answered.insert(op)
            if found != wanted, Self.exceptions.contains(where: { $0.ops.contains(op) }) {
                excepted.insert(op)
            } else if found != wanted {
                differences.append("\(id): \(found.joined(separator: " ")), not \(wanted.joined(separator: " "))")
            }
            count += 1
        }
        #expect(count > 800)
        let unneeded = Self.exceptions.reduce(into: Set<String>()) { $0.formUnion($1.ops) }.intersection(answered).subtracting(excepted)
        #expect(unneeded.isEmpty, "these are PyTorch's by now: \(unneeded.sorted())")
        #expect(differences.isEmpty, "\(differences.count) of \(count) differ:\n\(differences.joined(separator: "\n"))")
    }

    /// PyTorch's expressions, in Swift: x and t are matrices, X is a batch of images, i an index.
    private static let forms: [String: @Sendable (_ x: Tensor, _ t: Tensor, _ X: Tensor, _ i: Tensor) -> Tensor] = [
        "x + 1": { x, _, _, _ in x + 1 },
        "1 + x": { x, _, _, _ in 1 + x },
        "x - 1": { x, _, _, _ in x - 1 },
        "1 - x": { x, _, _, _ in 1 - x },
        "x * 2": { x, _, _, _ in x * 2 },
        "2 * x": { x, _, _, _ in 2 * x },
        "x / 2": { x, _, _, _ in x / 2 },
        "2 / x": { x, _, _, _ in 2 / x },
        "x % 2": { x, _, _, _ in x % 2 },
        "x ** 2": { x, _, _, _ in x.pow(2) },
        "x ** t": { x, t, _, _ in x.pow(t) },
        "-x": { x, _, _, _ in -x },
        "abs(x)": { x, _, _, _ in abs(x) },
        "x.sub(t)": { x, t, _, _ in x - t },
        "torch.rsub(x, t)": { x, t, _, _ in x.rsub(t) },
        "x.fmod(t)": { x, t, _, _ in x.fmod(t) },
        "x.remainder(t)": { x, t, _, _ in x % t },
        "torch.div(x, t, rounding_mode='floor')": { x, t, _, _ in x.divided(by: t, rounding: .floor) },
        "x.clamp(0, 1)": { x, _, _, _ in x.clamp(min: 0, max: 1) },
        "x.clamp(min=0)": { x, _, _, _ in x.clamp(min: 0) },
        "x.clamp(max=1)": { x, _, _, _ in x.clamp(max: 1) },
        "x.clamp(t, t + 1)": { x, t, _, _ in x.clamp(min: t, max: t + 1) },
        "x.clamp(min=t)": { x, t, _, _ in x.clamp(min: t) },
        "x.clamp(max=t)": { x, t, _, _ in x.clamp(max: t) },
        "x[0]": { x, _, _, _ in x[0] },
        "x[:2]": { x, _, _, _ in x[..<2] },
        "x[None]": { x, _, _, _ in x.unsqueeze(0) },
        "x[..., 1]": { x, _, _, _ in x[..., 1] },
        "x[[0, 1]]": { x, _, _, _ in x[[0, 1]] },
        "x[x > 0.5]": { x, _, _, _ in x[x .> 0.5] },
        "x.T": { x, _, _, _ in x.T },
        "x.t()": { x, t, _, _ in x.t() },
        "x.mT": { x, _, _, _ in x.mT },
        "x.H": { x, _, _, _ in x.H },
        "x.max()": { x, _, _, _ in x.max() },
        "x.max(1)[0]": { x, _, _, _ in x.max(1).values },
        "x.min(1)[0]": { x, _, _, _ in x.min(1).values },
        "x.median()": { x, _, _, _ in x.median() },
        "x.median(1)[0]": { x, _, _, _ in x.median(1).values },
        "x.mean()": { x, _, _, _ in x.mean() },
        "x.mean(1)": { x, _, _, _ in x.mean(1) },
        "x.sum()": { x, _, _, _ in x.sum() },
        "x.sum(1)": { x, _, _, _ in x.sum(1) },
        "x.var()": { x, _, _, _ in x.variance() },
        "x.std(1)": { x, _, _, _ in x.std(1) },
        "x.norm()": { x, _, _, _ in x.norm() },
        "x.prod()": { x, _, _, _ in x.prod() },
        "x.prod(1)": { x, _, _, _ in x.prod(1) },
        "x.masked_fill(t > 0.5, 0)": { x, t, _, _ in x.maskedFill(t .> 0.5, 0) },
        "x.squeeze()": { x, _, _, _ in x.squeeze() },
        "x.squeeze(0)": { x, _, _, _ in x.squeeze(0) },
        "x.split(2)[0]": { x, _, _, _ in x.split(2)[0] },
        "x.split([1, 2])[0]": { x, _, _, _ in x.split([1, 2])[0] },
        "x.chunk(2)[0]": { x, _, _, _ in x.chunk(2)[0] },
        "x.unbind()[0]": { x, _, _, _ in x.unbind()[0] },
        "x.where(t > 0, t)": { x, t, _, _ in `where`(t .> 0, x, t) },
        "x.flatten()": { x, _, _, _ in x.flatten() },
        "x.reshape(4, 3)": { x, _, _, _ in x.reshape(4, 3) },
        "x.lerp(t, 0.3)": { x, t, _, _ in x.lerp(t, 0.3) },
        "x.lerp(t, t)": { x, t, _, _ in x.lerp(t, t) },
        "F.avg_pool2d(X, 2)": { _, _, X, _ in avgPool2d(X, kernelSize: 2) },
        "F.max_pool2d(X, 2)": { _, _, X, _ in maxPool2d(X, kernelSize: 2) },
        "F.max_pool1d(x, 2)": { x, _, _, _ in maxPool1d(x, kernelSize: 2) },
        "F.avg_pool1d(x, 2)": { x, _, _, _ in avgPool1d(x, kernelSize: 2) },
        "F.adaptive_avg_pool2d(X, 1)": { _, _, X, _ in adaptiveAvgPool2d(X, outputSize: 1) },
        "F.adaptive_avg_pool2d(X, 2)": { _, _, X, _ in adaptiveAvgPool2d(X, outputSize: 2) },
        "F.adaptive_max_pool2d(X, 1)": { _, _, X, _ in adaptiveMaxPool2d(X, outputSize: 1) },
        "F.pad(X, (1, 1))": { _, _, X, _ in X.pad([1, 1]) },
        "F.pad(X, (1, 1, 1, 1), mode='reflect')": { _, _, X, _ in X.pad([1, 1, 1, 1], mode: .reflect) },
        "F.pad(x, (1, 1), mode='replicate')": { x, _, _, _ in x.pad([1, 1], mode: .replicate) },
        "F.softmax(x, 1)": { x, _, _, _ in x.softmax(1) },
        "F.log_softmax(x, 1)": { x, _, _, _ in x.logSoftmax(1) },
        "F.cross_entropy(x, torch.tensor([0, 1, 2]))": { x, _, _, _ in crossEntropy(x, Tensor([0, 1, 2])) },
        "F.mse_loss(x, t)": { x, t, _, _ in mseLoss(x, t) },
        "F.l1_loss(x, t)": { x, t, _, _ in l1Loss(x, t) },
        "F.l1_loss(x, t, reduction='sum')": { x, t, _, _ in l1Loss(x, t, reduction: .sum) },
        "F.l1_loss(x, t, reduction='none')": { x, t, _, _ in l1Loss(x, t, reduction: .none) },
        "F.smooth_l1_loss(x, t)": { x, t, _, _ in smoothL1Loss(x, t) },
        "F.huber_loss(x, t)": { x, t, _, _ in huberLoss(x, t) },
        "F.layer_norm(x, (4,))": { x, _, _, _ in layerNorm(x, normalizedShape: [4]) },
        "F.group_norm(X, 2)": { _, _, X, _ in groupNorm(X, groups: 2) },
        "F.linear(x, t)": { x, t, _, _ in linear(x, t) },
        "F.linear(x, t, t[:, 0])": { x, t, _, _ in linear(x, t, t[..., 0]) },
        "F.embedding(i, x)": { x, _, _, i in embedding(i, x) },
        "x @ t.T": { x, t, _, _ in x.matmul(t.T) },
        "x[0] @ t[0]": { x, t, _, _ in x[0].matmul(t[0]) },
        "x @ t[0]": { x, t, _, _ in x.matmul(t[0]) },
        "torch.bmm(X[0], X[1])": { _, _, X, _ in X[0].bmm(X[1]) },
        "x.index_select(0, i)": { x, _, _, i in x.indexSelect(0, i) },
        "x.clone()": { x, _, _, _ in x.clone() },
        "x.double()": { x, _, _, _ in x.to(.float64) },
        "x.sigmoid()": { x, _, _, _ in x.sigmoid() },
        "F.relu(x)": { x, _, _, _ in relu(x) },
        "F.gelu(x)": { x, _, _, _ in gelu(x) },
        "F.silu(x)": { x, _, _, _ in silu(x) },
        "x.tanh()": { x, _, _, _ in x.tanh() },
        "x.exp()": { x, _, _, _ in x.exp() },
        "x.log1p()": { x, _, _, _ in x.log1p() },
        "x.cumsum(0)": { x, _, _, _ in x.cumsum(0) },
        "x.sort()[0]": { x, _, _, _ in x.sort().values },
        "x.topk(2)[0]": { x, _, _, _ in x.topk(2).values },
        "torch.stack([x, x])": { x, _, _, _ in stack([x, x]) },
        "torch.cat([x, x])": { x, _, _, _ in cat([x, x]) },
        "x.expand(2, 3, 4)": { x, _, _, _ in x.expand(2, 3, 4) },
        "x.permute(1, 0)": { x, _, _, _ in x.permute(1, 0) },
        "x.transpose(0, 1)": { x, _, _, _ in x.transpose(0, 1) },
        "F.interpolate(X, scale_factor=2)": { _, _, X, _ in interpolate(X, scaleFactor: [2]) },
        "x.repeat(2, 1)": { x, _, _, _ in x.repeated(2, 1) },
        "x.roll(1, 0)": { x, _, _, _ in x.roll(1, dim: 0) },
        "x.flip(0)": { x, _, _, _ in x.flip(0) },
        "torch.fft.fft(x)": { x, _, _, _ in fft(x) },
        "torch.fft.rfft(x)": { x, _, _, _ in rfft(x) },
        "torch.fft.irfft(torch.fft.rfft(x))": { x, _, _, _ in irfft(rfft(x)) },
        "x.logsumexp(1)": { x, _, _, _ in x.logsumexp([1]) },
        "x.tril()": { x, _, _, _ in x.tril() },
        "x[:, :3].trace()": { x, _, _, _ in x[..., ..<3].trace() },
        "F.glu(x)": { x, _, _, _ in x.glu() },
        "x.round(decimals=1)": { x, _, _, _ in x.round(decimals: 1) },
        "x.square()": { x, _, _, _ in x.square() },
        "x.quantile(0.5)": { x, _, _, _ in x.quantile(0.5) },
        "F.conv2d(X, X[:, :, :3, :3])": { _, _, X, _ in conv2d(X, X[..., ..<3, ..<3]) },
    ]

    @Test("so is that of expressions as one writes them")
    func expressions() throws {
        let file = try Data(contentsOf: SampleTests.sample.appendingPathComponent("grad_names.json"))
        let names = try JSONDecoder().decode([String: [String]].self, from: file)
        withGenerator(Generator(seed: 0)) {
            let x = Tensor.rand(3, 4, requiresGrad: true), t = Tensor.rand(3, 4), X = Tensor.rand(2, 4, 6, 6, requiresGrad: true)
            for (expression, form) in Self.forms {
                let found = form(x, t, X, Tensor([0, 2])).gradFn
                #expect(found == names[expression]?.first, "\(expression)")
            }
        }
    }
}
