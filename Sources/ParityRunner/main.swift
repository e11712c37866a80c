import Foundation
import ParityKit

// parity CASES/cases OUT [--from N]: answers PyTorch's test cases; Tests/Parity/README.md says how to make them and compare.

var places: [String] = []
var first = 0
var words = CommandLine.arguments.dropFirst()
while let word = words.popFirst() {
    if word == "--from" { first = words.popFirst().flatMap(Int.init) ?? 0 } else { places.append(word) }
}
guard places.count == 2 else {
    FileHandle.standardError.write(Data("usage: parity CASES/cases OUT [--from N]\n".utf8))
    exit(64)
}
let cases = try CaseFile(URL(fileURLWithPath: places[0]))
let answers = try AnswerFile(URL(fileURLWithPath: places[1]))
for i in cases.lines.indices.dropFirst(first) {
    let (id, found) = answered(cases, i)
    try answers.append(found, index: i, id: id)
}
