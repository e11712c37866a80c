import Testing
@testable import TernTrain

/// Collects what a bar writes, and is its clock.
private final class Recorder {
    var text = ""
    var time = 100.0

    func output(terminal: Bool, columns: Int = 80) -> ProgressOutput {
        ProgressOutput(isTerminal: terminal, columns: { columns }, write: { [self] in text += $0 })
    }

    /// The lines that a terminal has shown one after another in the same place.
    var drawings: [String] {
        text.split(separator: "\r").map { String($0).replacing("\u{1b}[K", with: "").replacing("\n", with: "") }
    }
}

@Suite("Progress bar")
struct ProgressBarTests {
    @Test("shows label, share, count, rate, time left and metrics in their order")
    func fullLine() {
        let screen = Recorder()
        let bar = ProgressBar("epoch 1/10", total: 938, output: screen.output(terminal: true, columns: 120), now: { screen.time })
        screen.time += 12.5
        bar.advance(by: 395, metrics: ["loss": 0.312, "accuracy": 0.9125])
        let line = screen.drawings.last ?? ""
        #expect(line.hasPrefix("epoch 1/10  42% ████"))
        #expect(line.hasSuffix("395/938  31.6 it/s  00:12 < 00:17  loss 0.3120  accuracy 0.9125"))
    }

    @Test("redraws no more often than the interval, and evaluates metrics only then")
    func boundedRate() {
        let screen = Recorder()
        let bar = ProgressBar(total: 10_000, output: screen.output(terminal: true), interval: 0.1, now: { screen.time })
        var evaluations = 0
        func loss() -> Double { evaluations += 1; return 1 }
        for _ in 0..<1000 {
            screen.time += 0.001
            bar.advance(metrics: ["loss": loss()])
        }
        #expect(bar.done == 1000)
        #expect((9...11).contains(evaluations), "\(evaluations) evaluations in one second")
        #expect(screen.drawings.count == evaluations)
        #expect(!screen.text.contains("\n"), "a terminal's line is drawn in place")
    }

    @Test("the last step is drawn at once, and finish ends the line once")
    func finish() {
        let screen = Recorder()
        let bar = ProgressBar(total: 3, output: screen.output(terminal: true), interval: 1000, now: { screen.time })
        screen.time += 1
        for _ in 0..<3 { bar.advance(metrics: ["loss": 0.5]) }
        #expect(screen.drawings.last?.contains("3/3") == true && screen.drawings.last?.contains("100%") == true)
        bar.finish(metrics: ["loss": 0.25])
        #expect(screen.drawings.last?.contains("loss 0.2500") == true)
        let written = screen.text
        #expect(written.hasSuffix("\n"))
        bar.finish()
        bar.advance()
        #expect(screen.text == written)
    }

    @Test("never wider than the terminal", arguments: [1, 10, 20, 30, 40, 60, 80, 200])
    func width(columns: Int) {
        let screen = Recorder()
        let bar = ProgressBar("a label", total: 100, output: screen.output(terminal: true, columns: columns), now: { screen.time })
        for _ in 0..<100 {
            screen.time += 1
            bar.advance(metrics: ["loss": 0.1, "accuracy": 0.9])
        }
        #expect(screen.drawings.count >= 100)
        #expect(screen.drawings.allSatisfy { $0.count < max(2, columns) })
        #expect((screen.drawings.last?.contains("█") == true) == (columns >= 80))
    }

    @Test("elsewhere: plain lines now and then and at the end, without control characters")
    func plainLines() {
        let screen = Recorder()
        let bar = ProgressBar("epoch 2", total: 100, output: screen.output(terminal: false), interval: 10, now: { screen.time })
        for _ in 0..<100 {
            screen.time += 0.25
            bar.advance(metrics: ["loss": 2])
        }
        bar.finish()
        #expect(
            screen.text.split(separator: "\n") == [
                "epoch 2  40%  40/100  4.0 it/s  00:10 < 00:15  loss 2.0000",
                "epoch 2  80%  80/100  4.0 it/s  00:20 < 00:05  loss 2.0000",
                "epoch 2 100%  100/100  4.0 it/s  00:25  loss 2.0000",
            ])
        #expect(!screen.text.contains("\r") && !screen.text.contains("\u{1b}"))
    }

    @Test("the last step's metrics are kept for the line at the end")
    func lastMetrics() {
        let screen = Recorder()
        let bar = ProgressBar(total: 2, output: screen.output(terminal: false), now: { screen.time })
        screen.time += 1
        bar.advance(metrics: ["loss": 3])
        bar.advance(metrics: ["loss": 1])
        #expect(screen.text == "")
        bar.finish()
        #expect(screen.text == "100%  2/2  2.0 it/s  00:01  loss 1.0000\n")
    }

    @Test("an unknown total shows the count, no share and no time left")
    func unknownTotal() {
        let screen = Recorder()
        let bar = ProgressBar("reading", output: screen.output(terminal: false), interval: 0, now: { screen.time })
        screen.time += 4
        bar.advance(by: 2)
        #expect(screen.text == "reading  2  2.0 s/it  00:04\n")
    }

    @Test("odd numbers and labels do no harm")
    func oddInput() {
        let screen = Recorder()
        let bar = ProgressBar("two\nlines\u{1b}", total: 0, output: screen.output(terminal: false), interval: 0, now: { screen.time })
        bar.advance(by: 5, metrics: ["loss": .nan, "norm": -.infinity, "tiny": 0.000012345])
        #expect(screen.text == "two lines  100%  5/0  0.0 it/s  00:00  loss nan  norm -inf  tiny 1.23e-05\n")
    }

    @Test("a logged line stands above the bar")
    func log() {
        let screen = Recorder()
        let bar = ProgressBar(total: 2, output: screen.output(terminal: true), now: { screen.time })
        bar.advance()
        bar.log("saved model.pt")
        #expect(screen.text.contains("\r\u{1b}[Ksaved model.pt\n\r"))
    }

    @Test("the bar fills by eighths of a character")
    func blocks() {
        #expect(ProgressBar.blocks(0, width: 4) == "    ")
        #expect(ProgressBar.blocks(0.5, width: 4) == "██  ")
        #expect(ProgressBar.blocks(0.53125, width: 4) == "██▏ ")
        #expect(ProgressBar.blocks(1, width: 4) == "████")
    }

    @Test("durations")
    func durations() {
        #expect([0, 59.9, 60, 3599, 3600, 90_061].map(Numbers.duration) == ["00:00", "00:59", "01:00", "59:59", "1:00:00", "25:01:01"])
        #expect(Numbers.duration(.nan) == "?" && Numbers.duration(.infinity) == "?")
    }
}
