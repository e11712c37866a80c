import TernData
import Testing
@testable import TernTrain

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Training picture")
struct PictureTests {
    private func count(_ part: String, in text: String) -> Int { text.ranges(of: part).count }

    /// The y coordinates of the points of the first curve, and how many pieces it has.
    private func curve(_ svg: String, stroke: String) -> (pieces: Int, places: [Double]) {
        let paths = svg.split(separator: "\n").filter { $0.contains("stroke=\"\(stroke)\"") && $0.hasPrefix("<path") }
        let data = paths.first.map { String($0.split(separator: "\"")[1]) } ?? ""
        let vertices = data.replacing("h0", with: "").split { $0 == "M" || $0 == "L" }
        return (count("M", in: data), vertices.compactMap { Double($0.split(separator: " ").last ?? "") })
    }

    @Test("draws the loss downwards, with axes and labels")
    func lossCurve() {
        var picture = TrainingPicture(title: "Run")
        picture.losses = [2.3, 1.5, 1, 0.5]
        let svg = picture.svg()
        let (pieces, places) = curve(svg, stroke: "#2563c9")
        #expect(pieces == 1 && places.count == 4)
        #expect(places == places.sorted(), "a falling loss goes down the page")
        #expect(svg.contains(">loss<") && svg.contains(">training step<") && svg.contains(">Run<"))
        #expect(!svg.contains(">accuracy<"), "no accuracy was given")
    }

    @Test("values that are not finite leave a gap")
    func gaps() {
        var picture = TrainingPicture(title: "Run")
        picture.losses = [2, .nan, 1, .infinity, 0.5, 0.4]
        let (pieces, places) = curve(picture.svg(), stroke: "#2563c9")
        #expect(pieces == 3 && places.count == 4)
        picture.losses = [.nan, .nan]
        #expect(!picture.svg().contains("nan"))
    }

    @Test("long runs are thinned and keep their extremes")
    func thinning() {
        var picture = TrainingPicture(title: "Run")
        picture.losses = (0..<100_000).map { 1 + Float($0 % 7) * 0.01 }
        picture.losses[54_321] = 0.1
        picture.losses[12_345] = 1.8
        let svg = picture.svg()
        #expect(svg.utf8.count < 60_000)
        let (_, places) = curve(svg, stroke: "#2563c9")
        let middle = places.sorted()[places.count / 2]
        #expect(places.contains { $0 > middle + 100 } && places.contains { $0 < middle - 50 }, "the two odd values are still seen")
    }

    @Test("a single spike does not flatten the curve")
    func spike() {
        var picture = TrainingPicture(title: "Run")
        picture.losses = (0..<500).map { 2 - Float($0) * 0.003 }
        picture.losses[0] = 900
        let places = curve(picture.svg(), stroke: "#2563c9").places.dropFirst()
        #expect((places.max() ?? 0) - (places.min() ?? 0) > 150)
    }

    @Test("shows accuracy on an axis of its own")
    func accuracy() {
        var picture = TrainingPicture(title: "Run")
        picture.losses = [2, 1]
        picture.accuracies = [.init(step: 2, value: 0.974), .init(step: 1, value: 0.93)]
        let svg = picture.svg()
        #expect(svg.contains(">accuracy<") && svg.contains(">97.4%<") && svg.contains(">92%<"))
        #expect(count("<circle", in: svg) == 2)
    }

    @Test("images are embedded, green where right and red with the truth where wrong")
    func samples() {
        var picture = TrainingPicture(title: "Run")
        let pixels = (0..<784).map { UInt8(truncatingIfNeeded: $0) }
        picture.samples = (0..<13).map { .init(pixels: pixels, width: 28, height: 28, predicted: "7", truth: $0 == 4 ? "1" : "7") }
        let svg = picture.svg()
        let png = Data(PNG.encode(pixels, width: 28, height: 28)).base64EncodedString()
        #expect(count("href=\"data:image/png;base64,\(png)\"", in: svg) == 13)
        #expect(count("stroke=\"#1a7f4b\"", in: svg) == 12 && count("stroke=\"#c62f3b\"", in: svg) == 1)
        #expect(count(">7 not 1<", in: svg) == 1 && count(">7<", in: svg) == 12)
        #expect(svg.contains("12 of 13 right"))
    }

    @Test("base64 of every length is right", arguments: 1...6)
    func base64(width: Int) {
        let pixels = (0..<width).map { UInt8($0 * 40 + 3) }
        var picture = TrainingPicture(title: "")
        picture.samples = [.init(pixels: pixels, width: width, height: 1, predicted: "", truth: "")]
        #expect(picture.svg().contains(Data(PNG.encode(pixels, width: width, height: 1)).base64EncodedString() + "\""))
    }

    @Test("text cannot break the document")
    func escaping() {
        let svg = TrainingPicture(title: "<a> & \"b\"\u{1}", subtitle: "x < y").svg()
        #expect(svg.contains("&lt;a&gt; &amp; &quot;b&quot;?<") && svg.contains("x &lt; y"))
        #expect(!svg.contains("<a>"))
    }

    @Test("is written as a whole, and an error names the file")
    func writing() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/tern-picture-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let picture = TrainingPicture(title: "Run")
        try picture.write(to: folder + "/deep/run.svg")
        #expect(try readFile(folder + "/deep/run.svg") == Array(picture.svg().utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/deep") == ["run.svg"])
        let error = #expect(throws: DataFileError.self) { try picture.write(to: folder + "/deep/run.svg/x.svg") }
        #expect(error?.file.contains("run.svg") == true)
    }
}
