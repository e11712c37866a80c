import Testing

@testable import TernCore

/// The expected texts are what PyTorch 2.13 prints for the same tensors.
@Suite("Printing")
struct PrintingTests {
    @Test("columns are aligned, by sign too")
    func columns() {
        #expect("\(Tensor([[1.5, -2, 0.25], [3, 4, 5]]))" == "tensor([[ 1.5000, -2.0000,  0.2500],\n        [ 3.0000,  4.0000,  5.0000]])")
        #expect("\(Tensor([42.0, 1, 1, -4.2074]))" == "tensor([42.0000,  1.0000,  1.0000, -4.2074])")
        #expect("\(Tensor([-0.0, 0, 1.5]))" == "tensor([-0.0000, 0.0000, 1.5000])")
    }

    @Test("whole floating numbers end with a point, integers and bools do not")
    func whole() {
        #expect("\(Tensor([1.0, 2, -3]))" == "tensor([ 1.,  2., -3.])")
        #expect("\(Tensor(0.0))" == "tensor(0.)")
        #expect("\(Tensor(7))" == "tensor(7)")
        #expect("\(Tensor([true, false]))" == "tensor([ True, False])")
    }

    @Test("numbers of very different or extreme magnitude print in scientific style")
    func scientific() {
        #expect("\(Tensor([1e-8, 1]))" == "tensor([1.0000e-08, 1.0000e+00])")
        #expect("\(Tensor([1.0, .nan, .infinity, -.infinity]))" == "tensor([1., nan, inf, -inf])")
        #expect("\(Tensor([.nan, 1.5]))" == "tensor([   nan, 1.5000])")
    }

    @Test("dimensions are nested in brackets, and blocks set apart")
    func nested() {
        let text = """
            tensor([[[0.0000, 0.2500],
                     [0.5000, 0.7500]],

                    [[1.0000, 1.2500],
                     [1.5000, 1.7500]]])
            """
        #expect("\(Tensor([[[0, 0.25], [0.5, 0.75]], [[1, 1.25], [1.5, 1.75]]]))" == text)
    }

    @Test("views print their own elements")
    func views() {
        let text = """
            tensor([[[ 0, 12],
                     [ 4, 16],
                     [ 8, 20]],

                    [[ 1, 13],
                     [ 5, 17],
                     [ 9, 21]],

                    [[ 2, 14],
                     [ 6, 18],
                     [10, 22]],

                    [[ 3, 15],
                     [ 7, 19],
                     [11, 23]]])
            """
        #expect("\(Tensor(Array(0..<24), shape: [2, 3, 4]).transpose(0, 2))" == text)
    }

    @Test("long lines are broken")
    func lines() {
        let text = """
            tensor([ 0.0000,  1.2500,  2.5000,  3.7500,  5.0000,  6.2500,  7.5000,  8.7500,
                    10.0000, 11.2500, 12.5000, 13.7500, 15.0000])
            """
        #expect("\(Tensor((0..<13).map { Double($0) * 1.25 }))" == text)
    }

    @Test("more than 1000 elements are summarised")
    func summaries() {
        #expect("\(Tensor(Array(-5..<2000)))" == "tensor([  -5,   -4,   -3,  ..., 1997, 1998, 1999])")
        let text = """
            tensor([[   0,    1,    2,  ...,   97,   98,   99],
                    [ 100,  101,  102,  ...,  197,  198,  199],
                    [ 200,  201,  202,  ...,  297,  298,  299],
                    ...,
                    [9700, 9701, 9702,  ..., 9797, 9798, 9799],
                    [9800, 9801, 9802,  ..., 9897, 9898, 9899],
                    [9900, 9901, 9902,  ..., 9997, 9998, 9999]])
            """
        #expect("\(Tensor(Array(0..<10000), shape: [100, 100]))" == text)
        let blocks = """
            tensor([[[0.0000e+00, 1.2500e-01, 2.5000e-01,  ..., 2.1250e+00,
                      2.2500e+00, 2.3750e+00],
                     [2.5000e+00, 2.6250e+00, 2.7500e+00,  ..., 4.6250e+00,
                      4.7500e+00, 4.8750e+00]],

                    [[5.0000e+00, 5.1250e+00, 5.2500e+00,  ..., 7.1250e+00,
                      7.2500e+00, 7.3750e+00],
                     [7.5000e+00, 7.6250e+00, 7.7500e+00,  ..., 9.6250e+00,
                      9.7500e+00, 9.8750e+00]],

                    [[1.0000e+01, 1.0125e+01, 1.0250e+01,  ..., 1.2125e+01,
                      1.2250e+01, 1.2375e+01],
                     [1.2500e+01, 1.2625e+01, 1.2750e+01,  ..., 1.4625e+01,
                      1.4750e+01, 1.4875e+01]],

                    ...,
            """
        #expect("\(Tensor((0..<1200).map { Double($0) / 8 }, shape: [30, 2, 20]))".hasPrefix(blocks))
    }

    @Test("tensors without elements name their size")
    func empty() {
        #expect("\(Tensor.empty([0]))" == "tensor([])")
        #expect("\(Tensor.empty([2, 0, 3]))" == "tensor([], size=(2, 0, 3))")
        #expect("\(Tensor.empty([0], dtype: .int64))" == "tensor([], dtype=torch.int64)")
    }

    @Test("meta tensors show what they have: a shape")
    func meta() {
        #expect("\(Tensor.empty([2, 3], device: .meta))" == "tensor(..., device='meta', size=(2, 3))")
        #expect("\(Tensor.empty([4], dtype: .int64, device: .meta))" == "tensor(..., device='meta', size=(4,), dtype=torch.int64)")
        #expect("\(Tensor.empty([], dtype: .float16, device: .meta))" == "tensor(..., device='meta', size=(), dtype=torch.float16)")
    }

    @Test("tensors of another device say where they are")
    func device() {
        let device = ReferenceBackend.shared.device
        #expect("\(Tensor([1.0, 2]).to(device))" == "tensor([1., 2.], device='other')")
        let x = Tensor(Array(0..<10000), shape: [100, 100]).to(device)
        let text = """
            tensor([[   0,  ..., 9900],
                    ...,
                    [  99,  ..., 9999]], device='other')
            """
        #expect(x.t().description(PrintOptions(edgeItems: 1)) == text)
    }

    @Test(
        "dtypes other than the defaults are named",
        arguments: [
            (DType.float64, "tensor([  1.5000, 100.2500], dtype=torch.float64)"),
            (.float16, "tensor([  1.5000, 100.2500], dtype=torch.float16)"),
            (.bfloat16, "tensor([  1.5000, 100.0000], dtype=torch.bfloat16)"), (.int32, "tensor([  1, 100], dtype=torch.int32)"),
            (.uint8, "tensor([  1, 100], dtype=torch.uint8)"), (.int64, "tensor([  1, 100])"), (.float32, "tensor([  1.5000, 100.2500])"),
        ])
    func dtypes(dtype: DType, text: String) {
        #expect("\(Tensor([1.5, 100.25], dtype: .float64).to(dtype))" == text)
    }

    @Test("complex numbers: each part has its column style")
    func complex() {
        let re = Tensor([[1, -0.5]]), im = Tensor([[2.0, -10]])
        #expect("\(Tensor.complex(re, im))" == "tensor([[ 1.0000+2.j, -0.5000-10.j]])")
        let wide = Tensor.complex(Tensor([1.5, -0.0], dtype: .float64), Tensor([0, -0.0], dtype: .float64))
        #expect("\(wide)" == "tensor([1.5000+0.j, -0.0000-0.j], dtype=torch.complex128)")
        #expect("\(Tensor.complex(Tensor(3.0), Tensor(-4.0)))" == "tensor(3.-4.j)")
    }

    @Test("what the tape knows is named, on a line of its own where it does not fit")
    func tape() {
        let x = Tensor([[0.5, -1]], requiresGrad: true)
        #expect("\(x)" == "tensor([[ 0.5000, -1.0000]], requires_grad=True)")
        #expect("\(x.detach())" == "tensor([[ 0.5000, -1.0000]])")
        #expect("\(linear(x, .ones(2, 2), .zeros(2)))" == "tensor([[-0.5000, -0.5000]], grad_fn=<AddmmBackward0>)")
        #expect("\(x.select(1, 0))" == "tensor([0.5000], grad_fn=<SelectBackward0>)")
        let long = """
            tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.],
                   requires_grad=True)
            """
        #expect("\(Tensor((0..<14).map(Double.init), requiresGrad: true))" == long)
    }

    @Test("a parameter says that it is one")
    func parameter() {
        var p = Tensor([0.2615])
        p.node = Leaf(isParameter: true)
        #expect("\(p)" == "Parameter containing:\ntensor([0.2615], requires_grad=True)")
        #expect("\(p.data)" == "tensor([0.2615])")
    }

    @Test(
        "options hold in their scope",
        arguments: [
            (PrintOptions(precision: 2), "tensor([ 1.12e+00, -2.00e+03,  3.00e+00,  4.00e+00,  5.00e+00,  1.00e-03])"),
            (PrintOptions(threshold: 5, edgeItems: 1), "tensor([1.1235e+00,  ..., 1.0000e-03])"),
            (
                PrintOptions(lineWidth: 30),
                """
                tensor([ 1.1235e+00,
                        -2.0005e+03,
                         3.0000e+00,
                         4.0000e+00,
                         5.0000e+00,
                         1.0000e-03])
                """
            ),
            (PrintOptions(sciMode: false), "tensor([    1.1235, -2000.5000,     3.0000,     4.0000,     5.0000,     0.0010])"),
            (.short, "tensor([ 1.12e+00, -2.00e+03,  3.00e+00,  4.00e+00,  5.00e+00,  1.00e-03])"),
            (PrintOptions(threshold: 3, edgeItems: 0), "tensor([...], size=(6,))"),
        ])
    func options(options: PrintOptions, text: String) {
        let x = Tensor([1.12345, -2000.5, 3, 4, 5, 1e-3])
        let before = "\(x)"
        #expect(withPrintOptions(options) { "\(x)" } == text)
        #expect("\(x)" == before)
    }

    @Test("given options change, the others stay")
    func nestedOptions() {
        withPrintOptions(precision: 1, edgeItems: 1) {
            #expect(withPrintOptions(threshold: 2) { "\(Tensor([1.25, 2, 3]))" } == "tensor([1.2,  ..., 3.0])")
            #expect(withPrintOptions(profile: .full) { "\(Tensor([1.25]))" } == "tensor([1.2500])")
        }
        #expect(withPrintOptions(.full) { "\(Tensor(Array(0..<2000)))".utf8.count } == 13336)
    }

    @Test("the process's options hold outside all scopes")
    func globalOptions() {
        // Put at what they are anyway: other tests are printing at this moment.
        setPrintOptions(precision: 4, profile: .default)
        #expect(PrintOptions.global == PrintOptions())
        withPrintOptions(.short) {
            PrintOptions.global = .default
            #expect(PrintOptions.current == .short)
        }
        #expect(PrintOptions.current == .default)
    }

    @Test("a scope's options reach the tasks started in it, and no others")
    func tasks() async {
        let x = Tensor([0.125])
        let inside = withPrintOptions(precision: 1) { Task { "\(x)" } }
        #expect(await inside.value == "tensor([0.1])")
        #expect(await Task { "\(x)" }.value == "tensor([0.1250])")
    }

    @Test("a state dict prints as an OrderedDict")
    func stateDict() {
        let entries = [("weight", Tensor([[0.1, -0.2], [0.3, 0.4]])), ("bias", Tensor([-0.0456]))]
        let text = """
            OrderedDict([('weight', tensor([[ 0.1000, -0.2000],
                    [ 0.3000,  0.4000]])), ('bias', tensor([-0.0456]))])
            """
        #expect(orderedDictDescription(entries) == text)
        #expect(orderedDictDescription([]) == "OrderedDict()")
        #expect(pythonLiteral("block 0.w'") == "\"block 0.w'\"")
        #expect(pythonLiteral("a\"'\n\\") == "'a\"\\'\\n\\\\'")
    }

    @Test("printing is no op: nothing is recorded, and no observer sees it")
    func unobserved() {
        final class Watcher: OpObserver {
            var seen: [String] = []
            func willRun(_ op: any Op, inputs: [Tensor]) { seen.append(op.name) }
            func didRun(_ op: any Op, inputs: [Tensor], outputs: [Tensor]) {}
        }
        let x = Tensor(Array(0..<5000), shape: [50, 100]).t(), watcher = Watcher()
        OpObservers.observing(watcher) { _ = x.description }
        #expect(watcher.seen.isEmpty)
    }
}
