import Tern
import TernDownload

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Ten thousand handwritten digits, and where they came from.
struct Digits {
    /// 28 × 28 bytes each, rows from the top.
    let images: [UInt8]
    let labels: [UInt8]
    /// For the reader: `MNIST from …`.
    let origin: String

    static let side = 28
    var count: Int { labels.count }

    /// From the folder that is given, else the one that `TERN_DATA` names, else downloaded, else drawn by the program itself.
    ///
    /// A folder that is given and holds no MNIST is an error; only a download that fails falls back.
    static func find(folder: String?, download: Bool) async throws -> Digits {
        if let folder = folder ?? ProcessInfo.processInfo.environment["TERN_DATA"], !folder.isEmpty {
            for place in [folder, folder + "/mnist"] where FileManager.default.fileExists(atPath: place + "/t10k-images-idx3-ubyte.gz") {
                return try read(
                    images: place + "/t10k-images-idx3-ubyte.gz", labels: place + "/t10k-labels-idx1-ubyte.gz",
                    origin: "MNIST from \(place)")
            }
            throw CommandError("no t10k-images-idx3-ubyte.gz in \(folder) or \(folder)/mnist: name a folder that holds MNIST's files")
        }
        guard download else { return drawn("download was not asked for") }
        do {
            let downloader = try Downloader(timeout: 15)
            let images = try await downloader.fetch(MNISTFile.testImages.remote)
            let labels = try await downloader.fetch(MNISTFile.testLabels.remote)
            return try read(images: images, labels: labels, origin: "MNIST from \(downloader.folder)/mnist")
        } catch let error as DownloadError {
            return drawn("MNIST could not be downloaded: \(error)")
        }
    }

    private static func drawn(_ reason: String) -> Digits {
        let digits = DrawnDigits(count: 10_000, seed: 0)
        return Digits(images: digits.images, labels: digits.labels, origin: "digits drawn by this program (\(reason))")
    }

    private static func read(images: String, labels: String, origin: String) throws -> Digits {
        let (pictures, classes) = (try IDX(path: images), try IDX(path: labels))
        guard pictures.shape == [classes.count, side, side], classes.shape.count == 1, classes.count >= 10_000,
            pictures.element == .uint8, classes.element == .uint8, classes.bytes.allSatisfy({ $0 < 10 })
        else {
            throw CommandError("\(images) and \(labels) do not hold 10,000 labelled images of \(side) × \(side) pixels")
        }
        return Digits(images: pictures.bytes, labels: classes.bytes, origin: origin)
    }

    /// Images (count, 1, 28, 28), 0…1, and their labels (count).
    func tensors() -> (images: Tensor, labels: Tensor) {
        let pixels = Tensor(images, shape: [count, 1, Digits.side, Digits.side])
        return (pixels.to(.float32) / 255, Tensor(labels, shape: [count]).to(.int64))
    }

    /// The bytes of image `i`.
    func pixels(_ i: Int) -> [UInt8] { Array(images[(i * Digits.side * Digits.side)..<((i + 1) * Digits.side * Digits.side)]) }
}

/// What went wrong, in words for the person at the terminal.
struct CommandError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
