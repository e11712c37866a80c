// A GRU learns to continue H. G. Wells' "The Time Machine" letter by letter, and then writes some text of its own.
//
//     swift run -c release CharacterGRU [--text FILE] [--steps N] [--letters N] [--prefix "time traveller"]
//
// Without FILE the text is downloaded, once. `--help` names the other options: sizes, the temperature, the seed.
import ArgumentParser
import Foundation
import Tern
import TernDownload

/// Letters and spaces by number.
struct Alphabet {
    let letters: [Character] = [" "] + "abcdefghijklmnopqrstuvwxyz"
    func number(_ letter: Character) -> Int { letters.firstIndex(of: letter) ?? 0 }

    /// The numbers of a text: lower case; what is no letter counts as one space.
    func numbers(_ text: String) -> [Int] {
        var numbers: [Int] = []
        for letter in text.lowercased() {
            let next = number(letter)
            if next != 0 || numbers.last != 0 { numbers.append(next) }
        }
        return numbers
    }
}

/// From letters so far to scores for the next one.
final class CharacterModel: Module {
    let embedding: Embedding, gru: GRU, head: Linear

    init(_ letters: Int, hidden: Int) {
        embedding = Embedding(letters, 32)
        gru = GRU(32, hidden, batchFirst: true)
        head = Linear(hidden, letters)
    }
    /// - Parameter x: letters (N, L). Answers scores (N, L, letters) and the state after the last.
    func callAsFunction(_ x: Tensor, _ state: Tensor? = nil) -> (scores: Tensor, state: Tensor) {
        run(self, x, state) { x, state in
            let (output, state) = gru(embedding(x), state)
            return (head(output), state)
        }
    }
}

@main
struct CharacterGRU: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Learns to write like a novel, letter by letter.")
    @Option(help: "A text file; downloaded where none is named.") var text: String?
    @Option(help: "Steps of training.") var steps = 400
    @Option(help: "Letters in each sequence.") var length = 32
    @Option(help: "Sequences in each step.") var batchSize = 64
    @Option(help: "The size of the GRU's state.") var hidden = 128
    @Option(help: "How many letters to write.") var letters = 200
    @Option(help: "What the written text begins with.") var prefix = "time traveller "
    @Option(help: "Below 1 it writes what it is sure of, above 1 it dares more.") var temperature = 0.7
    @Option(help: "Where the random numbers start.") var seed: UInt64 = 0

    func validate() throws {
        guard steps > 0, length > 0, batchSize > 0, hidden > 0, letters >= 0, temperature > 0 else {
            throw ValidationError("steps, sizes and the temperature must be above 0")
        }
        if prefix.isEmpty { throw ValidationError("the prefix must have a letter to go on from") }
    }

    func run() async throws {
        let path: String
        if let text { path = text } else { path = try await Downloader().fetch(novel) }
        manualSeed(seed)
        let alphabet = Alphabet()
        let numbers = alphabet.numbers(try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8))
        guard numbers.count > length + 1 else { throw ValidationError("\(path) has only \(numbers.count) letters") }
        print("\(numbers.count) letters from \(path)")
        let corpus = Tensor(numbers)

        let model = CharacterModel(alphabet.letters.count, hidden: hidden)
        print(try model.summary { model(Tensor.zeros([batchSize, length], dtype: .int64)).scores })
        let optimizer = Adam(model.parameters(), lr: 0.005)
        var mean = 0.0
        for step in 1...steps {
            // Sequences from anywhere, each beside itself one letter on.
            let starts = Tensor.randint(0..<(numbers.count - length), [batchSize, 1])
            let places = starts + Tensor.arange(length)
            let (x, y) = (corpus[places], corpus[places + 1])
            let loss = crossEntropy(model(x).scores.reshape(-1, alphabet.letters.count), y.reshape(-1))
            optimizer.zeroGrad()
            loss.backward()
            clipGradNorm(model.parameters(), maxNorm: 1)
            optimizer.step()
            mean = step == 1 ? loss.doubleValue : 0.95 * mean + 0.05 * loss.doubleValue
            if step == 1 || step % 50 == 0 || step == steps {
                print("step \(step): perplexity \(String(format: "%.2f", exp(mean)))")
            }
        }
        print("\"\(sample(model, alphabet))\"")
    }

    /// Writes letter by letter, each drawn with the probability that the model gives it.
    func sample(_ model: CharacterModel, _ alphabet: Alphabet) -> String {
        noGrad {
            var written = prefix
            var (scores, state) = model(Tensor([alphabet.numbers(prefix)]))
            for _ in 0..<letters {
                let chances = (scores[0, -1] / temperature).softmax(0)
                let next = min((chances.cumsum(0) .< Tensor.rand(1)).sum().item(Int.self), alphabet.letters.count - 1)
                written.append(alphabet.letters[next])
                (scores, state) = model(Tensor([[next]]), state)
            }
            return written
        }
    }

    /// The book's copy of the novel, which is in the public domain.
    var novel: RemoteFile {
        RemoteFile(
            "text/timemachine.txt", sha256: "8424dbd9532ac81f7e5f0b6add90e6952baea29158309d7d1bf3884f4e12c516",
            mirrors: ["https://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt"], limit: 1 << 20)
    }
}
