import Foundation
import Tern

/// What the library answers to one case.
public struct Answer {
    public enum Status: String { case ok, missing, error }
    public var status = Status.ok, message: String?, out: [Tensor] = [], gradIn: [Tensor]?
    public var stateAfter: [(name: String, tensor: Tensor)]?, paramsAfter: [[Tensor]]?, repr: String?, text: String?

    static var missing: Answer { Answer(status: .missing) }
}

/// What a case asks for that the library has not.
struct Missing: Error {}

/// Calls the library for one case. A refused call gives an answer with the library's message.
public func answer(_ c: Value) -> Answer {
    do {
        switch c["kind"].text {
        case "op", "error":
            let a = Arguments(c["op"].text ?? "", c["args"], c["kwargs"], variant: c["variant"].text ?? "")
            guard let out = try recovering({ try operators.call(a).map(tensors) }) else { return .missing }
            return try differentiated(Answer(out: out), c, [c["args"], c["kwargs"]].flatMap(\.tensors))
        case "module": return try moduleAnswer(c)
        case "optimizer": return try optimizerAnswer(c)
        case "print": return try printAnswer(c)
        case "random": return try randomAnswer(c)
        default: return .missing
        }
    } catch {
        return error is Missing ? .missing : Answer(status: .error, message: "\(error)")
    }
}

/// The case on line `i` and its answer; a case that can't be read is answered with what is wrong.
public func answered(_ cases: CaseFile, _ i: Int) -> (id: String, answer: Answer) {
    do {
        let c = try cases.value(i)
        return (c["id"].text ?? "", answer(c))
    } catch {
        return ("line \(i)", Answer(status: .error, message: "\(error)"))
    }
}

private let operators = Table([
    pointwise, reductions, maskedOps, shapes, indexing, creation, windows, products, linearAlgebra, stretches, fourier, activations,
    functional,
])

/// Adds the gradients of the inputs that ask for one, where the case seeds them.
func differentiated(_ answer: Answer, _ c: Value, _ inputs: [Tensor]) throws -> Answer {
    guard case .list(let seeds) = c["grad_out"] else { return answer }
    var answer = answer
    let wanted = inputs.filter(\.requiresGrad), outs = answer.out.filter(\.requiresGrad)
    guard outs.count == seeds.count else {
        throw Refusal("\(c["id"].text ?? ""): \(outs.count) outputs have a gradient, and the case seeds \(seeds.count)")
    }
    answer.gradIn = try recovering {
        let found = grad(of: outs, wrt: wanted, gradients: seeds.flatMap(\.tensors), allowUnused: true)
        return zip(found, wanted).map { $0 ?? Tensor.zerosLike($1) }
    }
    return answer
}

private func printAnswer(_ c: Value) throws -> Answer {
    guard let t = c["args"].tensors.first else { throw Refusal("print: the case has no tensor") }
    if c["form"].text == "parameter" { return Answer(text: try recovering { "\(Parameter(wrappedValue: t))" }) }
    return Answer(text: try recovering { "\(c["form"].text == "leaf" ? t.requiringGrad() : t)" })
}

// MARK: Files

/// Appends answers to a folder's `results.jsonl` and `results.bin`, each flushed before the next.
public final class AnswerFile {
    private let lines: FileHandle, blob: FileHandle
    private var offset: Int

    public init(_ folder: URL) throws {
        func opened(_ name: String) throws -> FileHandle {
            let url = folder.appendingPathComponent(name)
            if !FileManager.default.fileExists(atPath: url.path) { try Data().write(to: url) }
            let file = try FileHandle(forWritingTo: url)
            try file.seekToEnd()
            return file
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        lines = try opened("results.jsonl")
        blob = try opened("results.bin")
        offset = Int(try blob.offset())
    }

    public func append(_ answer: Answer, index: Int, id: String) throws {
        var bytes = Data()
        func row(_ t: Tensor) -> [String: Any] {
            let at = offset + bytes.count
            t.withUnsafeBytes { bytes.append(contentsOf: $0) }
            return ["dtype": t.dtype.name, "shape": t.shape.array, "offset": at, "bytes": offset + bytes.count - at]
        }
        var line: [String: Any] = ["index": index, "id": id, "status": answer.status.rawValue, "out": answer.out.map(row)]
        line["message"] = answer.message
        line["grad_in"] = answer.gradIn?.map(row)
        line["state_after"] = answer.stateAfter.map { Dictionary($0.map { ($0.name, row($0.tensor)) }) { $1 } }
        line["params_after"] = answer.paramsAfter?.map { $0.map(row) }
        line["repr"] = answer.repr
        line["text"] = answer.text
        try blob.write(contentsOf: bytes)
        offset += bytes.count
        try lines.write(contentsOf: JSONSerialization.data(withJSONObject: line) + [UInt8(ascii: "\n")])
    }
}
