import Foundation
import Testing

@testable import TernBook

/// The chapter is run as a reader runs it; each test looks at what a section printed. The seed is set by the sections themselves, so they
/// run one after the other.
@Suite(.serialized) struct ChapterTests {
    private func output(_ number: String) async throws -> [String: String] {
        let section = try #require(Chapter.sections.first { $0.number == number })
        let cells = try await section.run()
        #expect(cells.count == section.cells.count && !cells.contains { $0.code.isEmpty })
        return Dictionary(uniqueKeysWithValues: cells.map { ($0.title, $0.output) })
    }
    private func cell(_ cells: [String: String], _ prefix: String) throws -> String {
        try #require(cells.first { $0.key.hasPrefix(prefix) }, "no cell begins with '\(prefix)'").value
    }

    @Test func layersAndBlocks() async throws {
        let cells = try await output("5.1")
        let net = try cell(cells, "A network of library layers")
        #expect(net.hasPrefix("tensor([[") && net.contains("grad_fn=<AddmmBackward0>)"))
        #expect(try cell(cells, "A custom block").hasPrefix("torch.Size([2, 10])"))
        #expect(try cell(cells, "Backward follows") == "torch.Size([2, 20])\ntensor([2., 2., 2., 2., 2., 2., 2., 2., 2., 2.])\n")
        #expect(try cell(cells, "Sequential, built on") == "tensor(True)\n")
        let fixed = try cell(cells, "Any code in forward")
        #expect(fixed.contains("grad_fn=<SumBackward0>") && fixed.contains("[\"linear.weight\", \"linear.bias\"]"))
        #expect(try cell(cells, "Exercise 1").contains("layers.1.weight"))
        #expect(try cell(cells, "Exercise 2").contains("(net2): Linear(in_features=20, out_features=3, bias=True)"))
        #expect(
            try cell(cells, "Exercise 3").hasPrefix(
                "multilayer(\n  (ln): Sequential(\n    (0): Linear(in_features=20, out_features=20, bias=True)\n"))
        let traps = try cell(cells, "What can't be chained")
        #expect(traps.contains("Sequential.1 (Linear)") && traps.contains("(2, 10)") && traps.contains("(10, 20)"))
        #expect(traps.contains("ModuleList has no forward"))
    }

    @Test func parameters() async throws {
        let cells = try await output("5.2")
        #expect(try cell(cells, "The parameters of one layer").hasPrefix("OrderedDict([('weight', tensor([["))
        let one = try cell(cells, "One parameter")
        #expect(one.hasPrefix("Parameter containing:\ntensor([") && one.contains(", requires_grad=True)\n") && one.hasSuffix("nil\n"))
        #expect(try cell(cells, "All at once").contains("0.weight 0.bias 2.weight 2.bias\n"))
        let nested = try cell(cells, "Nested blocks")
        #expect(nested.contains("(block 3): Sequential(\n") && nested.contains("      (1): ReLU()\n"))
        #expect(try cell(cells, "Built-in").hasSuffix("tensor(0.)\ntensor(0., grad_fn=<SelectBackward0>)\n"))
        #expect(try cell(cells, "Different ones").hasSuffix("tensor([[42., 42., 42., 42., 42., 42., 42., 42.]])\n"))
        let custom = try cell(cells, "A custom one")
        #expect(custom.hasPrefix("Init weight torch.Size([8, 4])\nInit weight torch.Size([1, 8])\n"))
        #expect(custom.contains("-0.0000") && custom.contains("grad_fn=<SliceBackward0>"))
        #expect(try cell(cells, "Or write").hasPrefix("tensor([42.0000,  1.0000,"))
        let tied = try cell(cells, "Tied parameters").split(separator: "\n")
        #expect(tied.count == 2 && tied.allSatisfy { $0 == "tensor([True, True, True, True, True, True, True, True])" })
        #expect(try cell(cells, "Their gradients add") == "Optional(tensor(30.)) tensor(30.)\n")
    }

    @Test func deferredInitialization() async throws {
        let cells = try await output("5.3")
        #expect(try cell(cells, "A network that").contains("LazyLinear(in_features=0, out_features=256, bias=True)"))
        #expect(try cell(cells, "Its parameters").contains("has no size yet"))
        let inferred = try cell(cells, "The first call")
        #expect(inferred.contains("torch.Size([256, 20])") && inferred.contains("Linear(in_features=256, out_features=10, bias=True)"))
        #expect(try cell(cells, "A dry run").contains("0.5000, 0.5000, 0.5000"))
        #expect(try cell(cells, "A state dict gives") == "tensor(True)\n")
        #expect(try cell(cells, "Sizes that do not fit").contains("(2, 8)"))
    }

    @Test func customLayers() async throws {
        let cells = try await output("5.4")
        #expect(try cell(cells, "A layer without") == "tensor([-2., -1.,  0.,  1.,  2.])\n")
        #expect(try cell(cells, "In a network") == "true\n")
        #expect(try cell(cells, "A layer with parameters").hasSuffix("torch.Size([5, 3]) torch.Size([3])\n"))
        #expect(try cell(cells, "It stands") == "torch.Size([2, 1])\n")
        #expect(try cell(cells, "Exercise 1").hasSuffix("grad_fn=<DotBackward0>)\n"))
    }

    @Test func files() async throws {
        let cells = try await output("5.5")
        #expect(try cell(cells, "A tensor into") == "tensor([0, 1, 2, 3])\n")
        #expect(try cell(cells, "A list") == "[tensor([0, 1, 2, 3]), tensor([0., 0., 0., 0.])]\n")
        #expect(try cell(cells, "A dictionary") == "OrderedDict([('x', tensor([0, 1, 2, 3])), ('y', tensor([0., 0., 0., 0.]))])\n")
        let clone = try cell(cells, "A clone")
        #expect(clone.contains("(hidden): Linear(in_features=20, out_features=256, bias=True)") && !clone.contains("False"))
    }

    @Test func devices() async throws {
        let cells = try await output("5.6")
        #expect(try cell(cells, "Devices").hasPrefix("device(type='cpu') device(type='cuda') device(type='cuda', index=1)\n"))
        #expect(try cell(cells, "What is there") == "true\n")
        #expect(try cell(cells, "A device that").contains("cuda:99"))
        #expect(try cell(cells, "A network moves").hasSuffix("true\n"))
    }

    /// Every Swift block of the documents stands, word for word, in a program that runs.
    @Test func documentsHoldOnlySnippetsThatRun() async throws {
        _ = try await Chapter.readme.run()
        let known = Set(([Chapter.readme] + Chapter.sections).flatMap(\.cells).map(\.code))
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let articles = try FileManager.default.contentsOfDirectory(
            at: root.appending(path: "Sources/Tern/Tern.docc"), includingPropertiesForKeys: nil)
        var found = 0
        for document in [root.appending(path: "README.md")] + articles where document.pathExtension == "md" {
            let text = try String(contentsOf: document, encoding: .utf8)
            for block in text.components(separatedBy: "```swift\n").dropFirst() {
                let code = (block.components(separatedBy: "\n```").first ?? "").trimmingCharacters(in: .newlines)
                #expect(known.contains(code), "\(document.lastPathComponent) has a block that is no cell of TernBook:\n\(code)")
                found += 1
            }
        }
        #expect(found >= 8)
    }
}
