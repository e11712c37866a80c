import TernData
import Testing

@Suite("Drawn digits")
struct DrawnDigitsTests {
    static let area = DrawnDigits.side * DrawnDigits.side
    static let training = DrawnDigits(count: 1000, seed: 1)
    static let testing = DrawnDigits(count: 300, seed: 2)

    static func image(_ digits: DrawnDigits, _ index: Int) -> ArraySlice<UInt8> { digits.images[(index * area)..<((index + 1) * area)] }

    @Test("a seed gives the same pictures, another seed others, and fewer are the first of more")
    func seeds() {
        let few = DrawnDigits(count: 20, seed: 1)
        #expect(few.images == Array(Self.training.images.prefix(20 * Self.area)))
        #expect(few.labels == Array(Self.training.labels.prefix(20)))
        #expect(DrawnDigits(count: 20, seed: 2).images != few.images)
        #expect(DrawnDigits(count: 0).images.isEmpty)
    }

    @Test("the bytes are the same on every machine")
    func pinned() {
        let hash = DrawnDigits(count: 20, seed: 1).images.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        #expect(hash == 12_993_785_115_098_317_368)
    }

    @Test("every digit is there, drawn in the middle with a clear background")
    func plausible() {
        for digit in 0..<10 { #expect(Self.training.labels.count { $0 == digit } > 60, "digit \(digit)") }
        for index in 0..<100 {
            let picture = Self.image(Self.training, index)
            let bright = picture.count { $0 > 128 }
            #expect((20...300).contains(bright), "picture \(index) has \(bright) bright pixels")
            #expect(picture.max() ?? 0 > 180)
        }
        let corner = (0..<1000).count { Self.training.images[$0 * Self.area] > 100 }
        #expect(corner == 0, "ink in the corner")
    }

    @Test("no two pictures are alike")
    func variety() {
        #expect(Set((0..<1000).map { Self.image(Self.training, $0) }).count == 1000)
    }

    @Test("a real task: the nearest mean does better than chance and the nearest neighbour better still, neither is perfect")
    func difficulty() {
        let train = (0..<1000).map { Self.image(Self.training, $0).map { Float($0) / 255 } }
        var means = [[Float]](repeating: [Float](repeating: 0, count: Self.area), count: 10)
        for (picture, label) in zip(train, Self.training.labels) {
            let share = 1 / Float(Self.training.labels.count { $0 == label })
            for pixel in 0..<Self.area { means[Int(label)][pixel] += picture[pixel] * share }
        }
        func nearest(_ picture: [Float], in others: [[Float]]) -> Int {
            var best = (index: 0, distance: Float.infinity)
            picture.withUnsafeBufferPointer { a in
                for (index, other) in others.enumerated() {
                    let distance = other.withUnsafeBufferPointer { b in
                        var sum: Float = 0, pixel = 0
                        while pixel < a.count { let gap = a[pixel] - b[pixel]; sum += gap * gap; pixel += 1 }
                        return sum
                    }
                    if distance < best.distance { best = (index, distance) }
                }
            }
            return best.index
        }
        let tests = (0..<100).map { Self.image(Self.testing, $0).map { Float($0) / 255 } }
        let byMean = zip(tests, Self.testing.labels).count { nearest($0, in: means) == Int($1) }
        let byNeighbour = zip(tests, Self.testing.labels).count { Self.training.labels[nearest($0, in: train)] == $1 }
        #expect((40...92).contains(byMean), "\(byMean) of 100 by the nearest mean")
        #expect(byNeighbour > byMean && byNeighbour >= 75, "\(byNeighbour) of 100 by the nearest neighbour")
    }
}
