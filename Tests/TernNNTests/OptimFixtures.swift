import Tern

/// What PyTorch's optimizers and schedules computed: files that Tests/Fixtures/make_optimizers.py made.
enum OptimFixtures {
    static let folder = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/optim/"

    /// Optimizers by PyTorch's names, with options by PyTorch's names.
    static func optimizer(_ name: String, _ parameters: [Parameter<Tensor>], _ options: OptionList) -> Optimizer? {
        let group = [ParameterGroup(parameters, options: options)]
        return switch name {
        case "SGD": SGD(group)
        case "Adam": Adam(group)
        case "AdamW": AdamW(group)
        case "Adagrad": Adagrad(group)
        case "Adadelta": Adadelta(group)
        case "Adamax": Adamax(group)
        case "NAdam": NAdam(group)
        case "RAdam": RAdam(group)
        case "RMSprop": RMSprop(group)
        case "Rprop": Rprop(group)
        case "ASGD": ASGD(group)
        case "Adafactor": Adafactor(group)
        case "Muon": Muon(group)
        default: nil
        }
    }

    /// `lr=0.01 betas=0.3,0.8 nesterov=true`
    static func options(_ text: String) -> OptionList {
        var options = OptionList()
        for part in text.split(separator: " ") {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            let words = pair[1].split(separator: ",").map(String.init)
            let values = words.map { word -> OptionValue in
                Int(word).map { .int($0) } ?? Double(word).map { .number($0) }
                    ?? (word == "true" ? true : word == "false" ? false : .text(word))
            }
            options[pair[0]] = values.count == 1 ? values[0] : .list(values)
        }
        return options
    }
}

/// The largest difference of two lists of numbers, each relative to its size where that is above 1.
func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).map { x, y in x.isNaN || y.isNaN ? .infinity : abs(x - y) / max(1, abs(y)) }.max() ?? 0
}
