import Foundation
import ParityKit
import Tern
import Testing

/// What results say of the op that made them; the names are PyTorch's, written by Tests/Parity/make_grad_names.py.
@Suite("names of gradients")
struct GradNameTests {
    @Test("gradFn is PyTorch's grad_fn, for each result of the sample's operators")
    func names() throws {
        let cases = try CaseFile(SampleTests.sample.appendingPathComponent("cases"))
        let file = try Data(contentsOf: SampleTests.sample.appendingPathComponent("grad_names.json"))
        let names = try JSONDecoder().decode([String: [String]].self, from: file)
        var differences: [String] = [], count = 0
        for i in cases.lines.indices {
            let c = try cases.value(i)
            guard c["kind"].text == "op", let id = c["id"].text, let wanted = names[id] else { continue }
            // Other tests draw from the default generator meanwhile.
            let reply = withGenerator(Generator()) { answer(c) }
            guard reply.status == .ok else { continue }  // no LAPACK, or told by the test of the sample
            let found = reply.out.filter(\.requiresGrad).map { $0.gradFn ?? "" }
            if found != wanted { differences.append("\(id): \(found.joined(separator: " ")), not \(wanted.joined(separator: " "))") }
            count += 1
        }
        #expect(count > 800)
        #expect(differences.isEmpty, "\(differences.count) of \(count) differ:\n\(differences.joined(separator: "\n"))")
    }
}
