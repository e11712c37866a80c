import TernData
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("IDX")
struct IDXTests {
    /// 2×3 bytes, as the format's description lays them out.
    static let file: [UInt8] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60]

    @Test("reads the layout that the format prescribes")
    func layout() throws {
        let array = try IDX(parsing: Self.file)
        #expect(array.element == .uint8)
        #expect(array.shape == [2, 3])
        #expect(array.bytes == [10, 20, 30, 40, 50, 60])
        #expect(array.count == 6)
        #expect(array.encoded() == Self.file)
    }

    @Test("reads big-endian elements of every type")
    func elements() throws {
        func floats(_ code: UInt8, _ bytes: [UInt8]) throws -> [Float] { try IDX(parsing: [0, 0, code, 1, 0, 0, 0, 2] + bytes).floats() }
        #expect(try floats(0x08, [3, 255]) == [3, 255])
        #expect(try floats(0x09, [3, 255]) == [3, -1])
        #expect(try floats(0x0b, [1, 2, 0xff, 0xfe]) == [258, -2])
        #expect(try floats(0x0c, [0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff]) == [65536, -1])
        #expect(try floats(0x0d, [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0]) == [1.5, -2])
        #expect(try floats(0x0e, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0]) == [1.5, -2])
    }

    @Test("what was written comes back", arguments: IDX.Element.allCases, [[], [0], [5], [2, 0, 3], [2, 1, 3, 2]])
    func roundTrip(element: IDX.Element, shape: [Int]) throws {
        let bytes = (0..<(shape.reduce(1, *) * element.width)).map { UInt8(truncatingIfNeeded: $0 * 37 + 1) }
        let array = IDX(element, shape: shape, bytes: bytes)
        #expect(try IDX(parsing: array.encoded()) == array)
    }

    @Test("every truncation and every extra byte is an error")
    func wrongLengths() {
        for length in 0..<Self.file.count {
            #expect(throws: DataFileError.self, "cut to \(length) bytes") { try IDX(parsing: Array(Self.file.prefix(length))) }
        }
        #expect(throws: DataFileError(file: "a", problem: .wrongLength(expected: 6, found: 4))) {
            try IDX(parsing: Array(Self.file.prefix(16)), file: "a")
        }
        #expect(throws: DataFileError(file: "a", problem: .wrongLength(expected: 6, found: 7))) {
            try IDX(parsing: Self.file + [0], file: "a")
        }
    }

    @Test("hostile headers cost nothing and are errors")
    func hostileHeaders() {
        let huge = [UInt8](repeating: 0xff, count: 4 * 255)
        #expect(throws: DataFileError.self, "4 GiB promised") { try IDX(parsing: [0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff, 1]) }
        #expect(throws: DataFileError.self, "a product beyond 64 bits") { try IDX(parsing: [0, 0, 0x0e, 255] + huge) }
        #expect(throws: DataFileError.self, "2⁶⁴ bytes, zero when cut to 64 bits") {
            try IDX(parsing: [0, 0, 8, 3, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 4])
        }
        #expect(throws: DataFileError(file: "a", problem: .unknownElement(7))) { try IDX(parsing: [0, 0, 7, 0, 1], file: "a") }
        #expect(throws: DataFileError(file: "a", problem: .notIDX)) { try IDX(parsing: [0, 1, 8, 0, 1], file: "a") }
    }

    @Test("a flipped bit of the header never passes as another array of the same bytes unless it fits exactly")
    func bitFlips() {
        for bit in 0..<(12 * 8) {
            var damaged = Self.file
            damaged[bit / 8] ^= 1 << (bit % 8)
            guard let array = try? IDX(parsing: damaged) else { continue }
            #expect(array.encoded() == damaged, "bit \(bit)")
            #expect(array.shape.reduce(array.element.width, *) == array.bytes.count, "bit \(bit)")
        }
    }

    @Test("files that cannot be read are named")
    func missingFile() {
        let error = #expect(throws: DataFileError.self) { try IDX(path: "/nowhere/at-all.idx") }
        #expect(error?.description.contains("/nowhere/at-all.idx") == true)
        #expect(throws: DataFileError(file: "/", problem: .unreadable("it is no regular file"))) { try readFile("/") }
    }
}

/// The folder of the real files, where this machine has them: below `TERN_DATA`, or beside the package.
private let mnistFolder: String? = {
    let package = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let data = ProcessInfo.processInfo.environment["TERN_DATA"] ?? package + "/../shared/data"
    return FileManager.default.fileExists(atPath: data + "/mnist/t10k-images-idx3-ubyte.gz") ? data + "/mnist" : nil
}()

@Suite("MNIST files", .enabled(if: mnistFolder != nil, "no MNIST files: set TERN_DATA to a folder that holds mnist/*.gz"))
struct MNISTFileTests {
    @Test("test images and labels have MNIST's shapes and contents")
    func testSet() throws {
        let folder = try #require(mnistFolder)
        let images = try IDX(path: folder + "/t10k-images-idx3-ubyte.gz")
        let labels = try IDX(path: folder + "/t10k-labels-idx1-ubyte.gz")
        #expect(images.shape == [10_000, 28, 28] && images.element == .uint8)
        #expect(labels.shape == [10_000])
        #expect(labels.bytes.prefix(10) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
        #expect((0..<10).map { digit in labels.bytes.count { $0 == digit } } == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    }

    @Test("a cut file is an error that names it")
    func cutFile() throws {
        let folder = try #require(mnistFolder)
        let packed = try readFile(folder + "/t10k-labels-idx1-ubyte.gz")
        for length in stride(from: 10, to: packed.count, by: 97) {
            #expect(throws: DataFileError(file: "labels", problem: .truncated)) {
                try gunzip(Array(packed.prefix(length)), file: "labels")
            }
        }
    }
}
