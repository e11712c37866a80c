import Foundation
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

@Suite struct SavingTests {
    @Test func aTensorAListADictionary() throws {
        let folder = try TemporaryFolder()
        let x = Tensor([0.0, 1, 2, 3]), y = Tensor.zeros(4)
        try save(x, to: folder.path + "/x-file")
        #expect(try loadTensor(folder.path + "/x-file").array(of: Float.self) == [0, 1, 2, 3])
        #expect(try load(folder.path + "/x-file").names == [""])
        try save(x, to: folder.path + "/x.safetensors")
        #expect(try load(folder.path + "/x.safetensors").names == ["tensor"])

        try save([x, y], to: folder.path + "/x-files")
        let list = try loadTensors(folder.path + "/x-files")
        #expect(list.count == 2 && list[0].array(of: Float.self) == [0, 1, 2, 3] && list[1].array(of: Float.self) == [0, 0, 0, 0])
        let error = #expect(throws: FileFormatError.self) { try loadTensor(folder.path + "/x-files") }
        #expect(error?.rule == "it holds 2 tensors, not one: 0, 1")

        try save(["x": x, "y": y], to: folder.path + "/mydict")
        let both = try load(folder.path + "/mydict")
        #expect(both.names == ["x", "y"] && both["y"]?.shape == [4])
        #expect(throws: FileFormatError.self) { try loadTensors(folder.path + "/mydict") }
        // More than ten: 10 comes after 9, not after 1.
        try save((0..<12).map { Tensor($0) }, to: folder.path + "/many")
        #expect(try loadTensors(folder.path + "/many").map(\.intValue) == Array(0..<12))
    }

    @Test func aNetworkAndItsClone() throws {
        final class Net: Module {
            @Parameter var weight: Tensor
            @Buffer var mean: Tensor
            init(_ value: Double) {
                weight = Tensor.full([3, 2], value)
                mean = Tensor.full([3], value + 1)
            }
        }
        let folder = try TemporaryFolder()
        let net = Net(4), clone = Net(0)
        try save(net.stateDict(), to: folder.path + "/mlp.params")
        try clone.loadStateDict(load(folder.path + "/mlp.params"))
        #expect(clone.weight.array(of: Float.self) == [4, 4, 4, 4, 4, 4] && clone.mean.array(of: Float.self) == [5, 5, 5])
        clone.$weight.data *= 2
        #expect(clone.weight[0, 0].doubleValue == 8 && net.weight[0, 0].doubleValue == 4)
        #expect(try load(folder.path + "/mlp.params")["weight"]?[0, 0].doubleValue == 4)
    }

    @Test func whatCannotBeSaved() throws {
        let folder = try TemporaryFolder()
        func error(_ value: some Saveable, _ name: String = "x.safetensors") throws -> String {
            let error = try #require(throws: FileFormatError.self) { try save(value, to: folder.path + "/" + name) }
            #expect(try folder.names() == [], "nothing is left behind")
            return "\(error)"
        }
        #expect(
            try error(["z": Tensor.zeros(2, dtype: .complex128)]).contains(
                "tensor 'z': safetensors files have no dtype for torch.complex128"))
        #expect(try error(["m": Tensor.zeros(2, device: .meta)]).contains("tensor 'm': it is on the meta device"))
        #expect(try error(["__metadata__": Tensor(1)]).contains("__metadata__"))
        #expect(try error(["p": Tensor.poison]).contains("failed"))
        #expect(try error(Tensor.poison, "x.pt").contains("failed"))
        #expect(try error(["m": SavedValue(Tensor(1)), "epoch": [3]] as SavedValue).contains("'epoch.0' is an int"))
        #expect(try error(Tensor(1), "model.pkl").contains(".pkl files can't be written"))
        #expect(try error(Tensor(1), "model.gguf").contains("GGUF"))
    }

    /// Progress grows to 1, in several steps, in every format that is written.
    @Test func progressOfWrites() throws {
        let folder = try TemporaryFolder(), x = ["a": Tensor.ones(300_000), "b": Tensor.zeros(2, 3)]
        func told(_ save: (@escaping (Double) -> Void) throws -> Void) throws -> [Double] {
            var parts: [Double] = []
            let thread = pthread_self()
            try save {
                #expect(pthread_equal(thread, pthread_self()) != 0, "who saves is told on the own thread")
                parts.append($0)
            }
            return parts
        }
        for name in ["x.pt", "x.safetensors", "x.npz", "y.npy", "x.safetensors.index.json"] {
            let value: any Saveable = name == "y.npy" ? Tensor.ones(1000) : x
            let parts = try told { try save(value, to: folder.path + "/" + name, durable: false, progress: $0) }
            #expect(parts == parts.sorted() && parts.last == 1 && parts.count > 2, "\(name): \(parts)")
        }
        let packed = try told { try save(x, to: folder.path + "/p.npz", compressed: true, durable: false, progress: $0) }
        #expect(packed == packed.sorted() && packed.last == 1 && packed.count > 2)
        let parts = try told {
            try save(x, to: folder.path + "/s.safetensors.index.json", partSize: 1000, durable: false, progress: $0)
        }
        #expect(parts == parts.sorted() && parts.last == 1 && parts.count > 4)
    }

    @Test func filesAppearWholeOrNotAtAll() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/deep/er/x.safetensors"
        try save(Tensor([1, 2]), to: path)
        #expect(throws: FileFormatError.self) { try save(Tensor.zeros(1, dtype: .complex128), to: path) }
        #expect(try loadTensor(path).array(of: Int.self) == [1, 2], "the old file stays")
        #expect(try folder.names("/deep/er") == ["x.safetensors"])
        let failed = #expect(throws: FileError.self) { try save(Tensor(1), to: path + "/y") }
        #expect(failed?.description.hasPrefix(path) == true && failed?.description.contains("cannot be written") == true)
        let missing = #expect(throws: FileError.self) { try load(folder.path + "/none.safetensors") }
        #expect(missing?.description.contains("cannot be read") == true)
        #expect(throws: FileError.self) { try load(folder.path) }
    }
}
