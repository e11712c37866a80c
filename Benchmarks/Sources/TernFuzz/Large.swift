import ArgumentParser
import Tern

/// `tern-fuzz large FILE`: a file of more than 4 GiB in PyTorch's format, for `make_pytorch.py --check-large FILE`, read back here too.
struct Large: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write and read a file with sizes and places beyond 32 bits.")

    @Argument(help: "Where it is written.") var file: String

    func run() throws {
        var wide = Tensor.zeros((1 << 30) + 5)
        wide[-1] = Tensor(7)
        let state: StateDict = ["near": .arange(3), "wide": wide, "far": .arange(4) * 2]
        try save(state, to: file, durable: false)
        let found = try load(file)
        guard found.names == state.names, found["far"]?.array(of: Int.self) == [0, 2, 4, 6],
            let twin = found["wide"], twin.count == wide.count, twin[-1].item(Float.self) == 7, twin.sum().item(Float.self) == 7
        else { throw ValidationError("\(file) holds something else") }
        print("\(file): written and read")
    }
}
