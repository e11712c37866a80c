import Foundation
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

/// Files that Tests/Fixtures/make_pytorch.py made with PyTorch, and files that it has read.
@Suite struct PyTorchFilesTests {
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/pytorch/").path(percentEncoded: false)

    // MARK: Tensors

    /// Every dtype in every layout, from every kind of file, bit by bit.
    @Test(arguments: [
        "zip", "zip_protocol5", "legacy", "legacy_protocol4", "legacy_protocol1", "big", "deflated", "plain", "unchecked", "written",
    ])
    func everyDtypeAndLayout(_ name: String) throws {
        let path = Self.fixtures + name + ".pt"
        let prefix = name == "written" ? "tensors." : ""
        let found = try load(path), bits = try load(Self.fixtures + "expected.safetensors")
        let described = try loadMetadata(Self.fixtures + "expected.safetensors")
        #expect(described.count == 144)
        for (key, text) in described {
            let tensor = try #require(found[prefix + key])
            let expected = text.split(separator: " | ").map(String.init)
            #expect("\(tensor.dtype)" == expected[0] && "\(tensor.shape.array)" == expected[1], "\(key)")
            if tensor.count > 0 { #expect("\(tensor.strides)" == expected[2], "\(key)") }
            if tensor.count > 0, name != "written" { #expect("\(tensor.layout.offset)" == expected[3], "\(key)") }
            let same = tensor.withUnsafeBytes { found in bits[key]?.withUnsafeBytes { found.elementsEqual($0) } ?? false }
            #expect(same, "\(key): other bits")
        }
        for dtype in DType.allCases {
            func storage(_ layout: String) throws -> Storage { try #require(found["\(prefix)\(dtype.name).\(layout)"]).storage }
            #expect(try storage("plain") === storage("permuted") && storage("tied") === storage("row"), "\(dtype)")
            #expect(try storage("sliced") === storage("column") && storage("sliced") !== storage("plain"), "\(dtype)")
        }
    }

    @Test func elementsStayInTheFile() throws {
        for (name, stays) in [("zip", true), ("plain", false), ("big", false), ("deflated", true)] {
            let tensor = try #require(try load(Self.fixtures + name + ".pt")["float64.plain"])
            if stays { #expect(!tensor.storage.isOwned, "\(name)") }
            if name == "big" { #expect(tensor.storage.isOwned) }
        }
        var tensor = try #require(try load(Self.fixtures + "zip.pt")["int64.plain"])
        let tied = try #require(try load(Self.fixtures + "zip.pt")["int64.tied"])
        tensor[0] = Tensor(7)
        #expect(tensor[0, 0, 0].intValue == 7 && tied[0, 0, 0].intValue != 7, "a write copies")
    }

    // MARK: Values

    @Test(arguments: ["values", "values_legacy"]) func everyValue(_ name: String) throws {
        let value = try loadValue(Self.fixtures + name + ".pt")
        #expect("\(value["none"] ?? 0)" == "None" && "\(value["flags"] ?? 0)" == "[True, False]")
        #expect(
            value["ints"]?.elements?.map(\.int) == [
                0, 255, 256, 65535, 65536, -1, -2_147_483_648, 2_147_483_648, 1 << 62, .min,
            ])
        let floats = (value["floats"]?.elements ?? []).compactMap(\.double)
        #expect(floats == [0.5, 0, 1e300, .infinity] && floats.map(\.sign) == [.plus, .minus, .plus, .plus])
        #expect("\(value["complex"] ?? 0)" == "(1.0-2.0j)" && value["text"]?.string == "é 名前 \n")
        #expect("\(value["empty"] ?? 0)" == "['', (), [], {}, set()]")
        guard case .bytes([0, 255, 128, 97])? = value["bytes"], case .bytes([120, 121, 122])? = value["bytearray"] else {
            Issue.record("bytes differ")
            return
        }
        #expect("\(value["set"] ?? 0) \(value["size"] ?? 0)" == "{3} torch.Size([2, 0, 3])")
        #expect("\(value["dtype"] ?? 0) \(value["device"] ?? 0)" == "torch.bfloat16 device('cuda:1')")
        let deep = value[7]?["nested"]?.elements?[0]["deep"]?.elements?[0].elements?[0].tensor
        #expect(deep?.array(of: Int.self) == [0, 1, 2, 3])
        let same = try #require(value["same"]?.tensor)
        #expect(deep?.isSameStorage(as: same) == true)
        #expect(value["parameter"]?.tensor?.requiresGrad == true && value["frozen"]?.tensor?.requiresGrad == false)
        #expect(value["wants"]?.tensor?.requiresGrad == true && value["same"]?.tensor?.requiresGrad == false)
        #expect("\(value["ordered"] ?? 0) \(value["counter"] ?? 0)" == "OrderedDict([('b', 1), ('a', 2)]) {'a': 2, 'b': 1}")
        #expect(value["ordered"]?.dictionary?.isOrderedDict == true && value["counter"]?.dictionary?.isOrderedDict == false)
        #expect(value["meta"]?.tensor?.device == .meta && value["meta"]?.tensor?.shape == [2, 3])
        #expect(
            try load(Self.fixtures + name + ".pt").names == [
                "7.nested.0.deep.0.0", "parameter", "frozen", "wants", "same", "meta",
            ])
    }

    @Test func writesWhatPyTorchReads() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/written.pt"
        let value: SavedValue = [
            "tensors": try loadValue(Self.fixtures + "zip.pt"), "values": try loadValue(Self.fixtures + "values.pt"),
        ]
        try save(value, to: path)
        if isRecording { try save(value, to: Self.fixtures + "written.pt") }
        // make_pytorch.py --check has read these bytes.
        #expect(try bytes(of: path) == bytes(of: Self.fixtures + "written.pt"))
        #expect("\(try loadValue(path)["values"] ?? 0)" == "\(try loadValue(Self.fixtures + "values.pt"))")
    }

    @Test func viewsOfAllKindsComeBack() throws {
        let folder = try TemporaryFolder()
        let x = Tensor.arange(1000), part = x[10..<20], back = x.flip(0)
        try save(["part": part, "other": x[12..<14]], to: folder.path + "/part.pt", durable: false)
        #expect(try bytes(of: folder.path + "/part.pt").count < 4000, "what no tensor looks at is left out")
        let found = try load(folder.path + "/part.pt")
        #expect(found["part"]?.array(of: Int.self) == Array(10..<20) && found["other"]?.array(of: Int.self) == [12, 13])
        #expect(found["part"]?.storage === found["other"]?.storage)
        try save([back, x.reshape(10, 100).t(), Tensor.zeros(0, 3)], to: folder.path + "/list.bin", durable: false)
        let list = try loadTensors(folder.path + "/list.bin")
        #expect(list[0].array(of: Int.self) == (0..<1000).reversed() && list[1].strides == [1, 100] && list[2].shape == [0, 3])
    }

    @Test func partsTypesAndNames() throws {
        let path = Self.fixtures + "parallel.pt"
        #expect(try load(path).names == ["module.weight", "module.bias"])
        #expect(try load(path, renaming: withoutPrefix("module.")).names == ["weight", "bias"])
        let net = Linear(2, 3)
        try net.loadStateDict(load(path, renaming: withoutPrefix("module.")))
        #expect(try load(path, only: ["module.weight"], as: .float64)["module.weight"]?.dtype == .float64)
        #expect(try load(path, only: ["module"]).count == 2)
        var parts: [Double] = []
        _ = try load(path, progress: { parts.append($0) })
        #expect(parts.count == 2 && parts.last == 1)
        let missing = #expect(throws: FileFormatError.self) { try load(path, only: ["modul"]) }
        #expect(missing?.description.contains("tensor 'modul': it is not in the file") == true)
        let clash = #expect(throws: FileFormatError.self) { try load(path, renaming: { _ in "same" }) }
        #expect(clash?.rule.contains("renamed") == true)

        let folder = try TemporaryFolder()
        parts = []
        try save(Tensor.zeros(100_000), to: folder.path + "/z.pt", durable: false, progress: { parts.append($0) })
        #expect(parts.last == 1 && parts == parts.sorted() && parts.count > 2)
    }

    // MARK: Training

    private func network() -> Sequential { Sequential(Linear(4, 8), BatchNorm1d(8), Tanh(), Linear(8, 3)) }
    private func optimizer(_ name: String, _ p: [Parameter<Tensor>]) throws -> Optimizer {
        switch name {
        case "SGD": SGD(p, lr: 0.05, momentum: 0.9, nesterov: true)
        case "Adam": Adam(p, lr: 0.01, betas: (0.8, 0.99))
        case "AdamW": AdamW(p, lr: 0.01, weightDecay: 0.1, amsgrad: true)
        case "RMSprop": RMSprop(p, lr: 0.01, momentum: 0.5, centered: true)
        case "Adagrad": Adagrad(p, lr: 0.05)
        default: throw FileFormatError(file: name, rule: "it names no optimizer")
        }
    }
    private struct Run {
        let model: Sequential, optimizer: Optimizer, schedule: StepLR

        /// The losses of so many steps.
        func losses(_ x: Tensor, _ y: Tensor, _ steps: Int) -> [Double] {
            (0..<steps).map { _ in
                optimizer.zeroGrad()
                let loss = crossEntropy(model(x), y)
                loss.backward()
                optimizer.step()
                schedule.step()
                return loss.doubleValue
            }
        }
        var saved: SavedDictionary {
            [
                "model": SavedValue(model.stateDict()), "optimizer": SavedValue(optimizer.stateDict()),
                "schedule": SavedValue(schedule.stateDict()), "epoch": 6,
            ]
        }
    }
    private func run(_ name: String, from saved: SavedValue?) throws -> Run {
        let model = network()
        let optimizer = try optimizer(name, model.parameters())
        let run = Run(model: model, optimizer: optimizer, schedule: StepLR(optimizer, stepSize: 4, gamma: 0.5))
        if let saved {
            let state = try #require(saved["model"])
            try model.loadStateDict(state.tensors(file: "model"))
            try optimizer.loadStateDict(OptimizerState(saved["optimizer"]))
            try run.schedule.loadStateDict(OptionList(saved["schedule"]))
        }
        return run
    }

    /// Runs that PyTorch began go on as they did there, and those that Tern began go on as they do in PyTorch (make_pytorch.py --check).
    @Test(arguments: ["training", "training_legacy", "resumed_by_tern"]) func runsGoOn(_ file: String) throws {
        let saved = try loadValue(Self.fixtures + file + ".pt")
        let x = try #require(saved["x"]?.tensor), y = try #require(saved["y"]?.tensor)
        let runs = try #require(saved["runs"]?.dictionary)
        #expect(runs.count == 5)
        for (name, checkpoint) in runs.entries {
            let expected = (checkpoint["losses"]?.elements ?? []).compactMap(\.double)
            #expect(expected.count == 6 && checkpoint["epoch"]?.int == 6)
            let found = try run("\(name)", from: checkpoint).losses(x, y, 6)
            for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4, "\(name): \(found), expected \(expected)") }
        }
    }

    @Test(.enabled(if: isRecording, "it makes a fixture")) func recordRuns() throws {
        let start = try loadValue(Self.fixtures + "training.pt")
        let x = try #require(start["x"]?.tensor), y = try #require(start["y"]?.tensor)
        var runs = SavedDictionary()
        for name in ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"] {
            manualSeed(11)
            let run = try run(name, from: nil)
            _ = run.losses(x, y, 6)
            var saved = run.saved
            saved["losses"] = .list(run.losses(x, y, 6).map { .double($0) })
            runs[.string(name)] = .dictionary(saved)
        }
        try save(["x": .tensor(x), "y": .tensor(y), "runs": .dictionary(runs)] as SavedValue, to: Self.fixtures + "resumed_by_tern.pt")
    }

    // MARK: Modules

    @Test func networksOfTorchLayers() throws {
        let path = Self.fixtures + "modules.pt"
        let net = try #require(loadModule(path) as? Sequential)
        let both = try load(Self.fixtures + "modules.safetensors")
        let y = noGrad { net(both["x"] ?? .zeros(1)) }
        let expected = try #require(both["y"])
        let difference = (y - expected).abs().max().doubleValue
        #expect(difference < 1e-6 && !net.isTraining)
        #expect(net.stateDict().names == (try load(path)).names)
        #expect("\(net)".contains("(conv): Conv2d(1, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))"))
        let others = try loadModule(Self.fixtures + "other_modules.pt"), states = try load(Self.fixtures + "other_modules_state.pt")
        #expect(others.stateDict().names == states.names && (others as? ModuleDict)?.count == 14)
        for (name, tensor) in others.stateDict() {
            let bits = try #require(states[name])
            #expect(tensor.dtype == bits.dtype && tensor.shape == bits.shape, "\(name)")
            let same = tensor.withUnsafeBytes { found in bits.withUnsafeBytes { found.elementsEqual($0) } }
            #expect(same, "\(name)")
        }
        let error = #expect(throws: FileFormatError.self) { try loadModule(Self.fixtures + "zip.pt") }
        #expect(error?.rule.contains("no module") == true)
    }

    @Test(arguments: [
        ("unknown_class", "__main__.Branches"), ("quantized", "it is quantized (qint8)"), ("sparse", "it is sparse"),
        ("float8", "float8_e4m3fn"), ("script", "TorchScript"),
    ])
    func whatIsNotSupportedIsNamed(_ name: String, _ text: String) throws {
        let error = try #require(throws: FileFormatError.self) { try load(Self.fixtures + name + ".pt") }
        #expect(error.description.contains(text) && error.file.hasSuffix(name + ".pt"), "\(error)")
    }
}
