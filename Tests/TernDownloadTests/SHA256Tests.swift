import TernDownload
import Testing

@Suite("SHA-256")
struct SHA256Tests {
    @Test("gives the sums of the standard's examples")
    func standard() {
        #expect(SHA256.hexDigest(of: []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256.hexDigest(of: Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let two = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        #expect(SHA256.hexDigest(of: two) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(SHA256.hexDigest(of: million) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("does not depend on how the bytes are cut into pieces")
    func pieces() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 300] {
            let whole = SHA256.hexDigest(of: Array(bytes.prefix(length)))
            for piece in [1, 3, 63, 64, 65] {
                var sum = SHA256()
                for start in stride(from: 0, to: length, by: piece) { sum.update(Array(bytes[start..<min(start + piece, length)])) }
                #expect(sum.hexDigest() == whole, "\(length) bytes in pieces of \(piece)")
            }
        }
    }

    @Test("has no sum of a file that is not there")
    func missingFile() {
        #expect(SHA256.hexDigest(ofFile: "/nowhere/at-all") == nil)
    }
}
