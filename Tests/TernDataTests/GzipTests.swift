import TernData
import Testing

@Suite("gzip")
struct GzipTests {
    /// Text that compresses in part, longer than one buffer of the decoder.
    static let sample: [UInt8] = (0..<300_000).map { UInt8(truncatingIfNeeded: ($0 * $0) >> 7 ^ $0) & 0x3f }
    static let small = Array("the tern flies from one end of the earth to the other and back, every year".utf8)

    @Test("what was packed comes out", arguments: [0, 1, 1000, 131_072, 300_000])
    func roundTrip(count: Int) throws {
        let bytes = Array(Self.sample.prefix(count))
        #expect(try gunzip(gzip(bytes)) == bytes)
        #expect(try gunzip(gzip(bytes, level: 0)) == bytes)
    }

    @Test("reads what another program wrote")
    func foreignFile() throws {
        // printf 'tern' | gzip -9n
        let file: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x2b, 0x49, 0x2d, 0xca, 3, 0, 0x37, 0xb6, 0x06, 0x3c, 4, 0, 0, 0]
        #expect(try gunzip(file) == Array("tern".utf8))
    }

    @Test("members follow one another, zeros pad, other bytes do not")
    func members() throws {
        let two = gzip(Array("one ".utf8)) + gzip(Array("two".utf8))
        #expect(try gunzip(two) == Array("one two".utf8))
        #expect(try gunzip(two + [0, 0, 0]) == Array("one two".utf8))
        #expect(throws: DataFileError(file: "x.gz", problem: .trailingBytes(2))) { try gunzip(two + [7, 7], file: "x.gz") }
    }

    @Test("every truncation is an error")
    func truncation() {
        let packed = gzip(Self.small)
        for length in 2..<packed.count {
            #expect(throws: DataFileError(file: "t.gz", problem: .truncated), "cut to \(length) bytes") {
                try gunzip(Array(packed.prefix(length)), file: "t.gz")
            }
        }
        #expect(throws: DataFileError(file: "t.gz", problem: .notGzip)) { try gunzip([], file: "t.gz") }
    }

    @Test("a flipped bit is an error, or changes nothing that matters")
    func bitFlips() {
        let packed = gzip(Self.small)
        var caught = 0
        for bit in 0..<(packed.count * 8) {
            var damaged = packed
            damaged[bit / 8] ^= 1 << (bit % 8)
            do throws(DataFileError) {
                #expect(try gunzip(damaged) == Self.small, "bit \(bit) changed the contents unseen")
                let isPadding = bit / 8 == packed.count - 9  // the last byte of the data, before checksum and length
                #expect(bit / 8 < 10 || isPadding, "byte \(bit / 8) holds bits that mean something")
            } catch {
                caught += 1
            }
        }
        #expect(caught >= (packed.count - 11) * 8)
    }

    @Test("output is bounded")
    func bomb() {
        let bomb = gzip([UInt8](repeating: 0, count: 4_000_000))
        #expect(bomb.count < 8000)
        #expect(throws: DataFileError(file: "bomb.gz", problem: .tooLarge(limit: 1_000_000))) {
            try gunzip(bomb, limit: 1_000_000, file: "bomb.gz")
        }
        #expect(throws: Never.self) { try gunzip(bomb, limit: 4_000_000) }
    }

    @Test("errors name the file and say what to do")
    func errorText() {
        let text = DataFileError(file: "mnist/a.gz", problem: .truncated).description
        #expect(text.contains("mnist/a.gz") && text.contains("download it again"))
    }
}
