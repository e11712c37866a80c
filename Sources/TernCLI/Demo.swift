import ArgumentParser
import Tern
import TernBook

/// `tern demo`: the book's chapter in short, then LeNet learns handwritten digits.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Walk through the chapter, then train LeNet on handwritten digits.",
        discussion: """
            Digits come from the folder that --data or the variable TERN_DATA names, else MNIST is downloaded, else the program draws \
            some itself. The trained parameters and a picture of the run are written to the output folder.
            """)

    @Option(help: "Passes over the training images.") var epochs = 12
    @Option(name: .customLong("batch-size"), help: "Images in each step.") var batchSize = 64
    @Option(help: "Adam's learning rate.") var lr = 0.002
    @Option(help: "Where the random numbers start.") var seed: UInt64 = 0
    @Option(help: "A folder with MNIST's files.") var data: String?
    @Option(help: "The folder for the checkpoint and the picture.") var output = "tern-demo"
    @Flag(inversion: .prefixedNo, help: "Show the chapter first.") var chapter = true
    @Flag(inversion: .prefixedNo, help: "Download MNIST where no folder holds it.") var download = true

    func validate() throws {
        guard epochs > 0 else { throw ValidationError("--epochs must be 1 or more, not \(epochs)") }
        guard batchSize > 0 else { throw ValidationError("--batch-size must be 1 or more, not \(batchSize)") }
        guard lr > 0 else { throw ValidationError("--lr must be above 0, not \(lr)") }
    }

    func run() async throws {
        if chapter { try await Chapter.show(Chapter.sections, page: .terminal) { print($0) } }
        let digits = try await Digits.find(folder: data, download: download)
        print("\nLeNet on \(digits.origin)")
        let result = try DigitTraining(digits: digits, epochs: epochs, batchSize: batchSize, lr: lr, seed: seed).run { print($0) }
        let (checkpoint, picture) = try result.write(to: output)
        print("checkpoint: \(checkpoint)\npicture: \(picture)")
        print("test accuracy \(result.accuracyText) % (\(result.testCount) images)")
    }
}
