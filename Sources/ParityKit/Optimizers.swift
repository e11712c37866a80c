import Tern

/// The optimizers over a group of parameters with PyTorch's options by their names.
private let optimizers: [String: @Sendable ([ParameterGroup]) -> Optimizer] = [
    "Adafactor": { Adafactor($0) }, "Adadelta": { Adadelta($0) }, "Adagrad": { Adagrad($0) }, "RMSprop": { RMSprop($0) },
    "Adam": { Adam($0) }, "ASGD": { ASGD($0) }, "Muon": { Muon($0) }, "SGD": { SGD($0) },
    "Adamax": { Adamax($0) }, "AdamW": { AdamW($0) }, "NAdam": { NAdam($0) }, "RAdam": { RAdam($0) }, "Rprop": { Rprop($0) },
]

/// The parameters after each step with the case's gradients.
func optimizerAnswer(_ c: Value) throws -> Answer {
    var options: OptionList = [:]
    for (name, value) in c["kwargs"].entries { options[name] = option(value) }
    let parameters = c["params"].tensors.map { Parameter(wrappedValue: $0) }
    guard let make = optimizers[c["optimizer"].text ?? ""] else { return .missing }
    let made = try recovering { make([ParameterGroup(parameters, options: options)]) }
    let after = try recovering {
        c["grads"].items.map { step in
            for (parameter, gradient) in zip(parameters, step.tensors) { parameter.grad = gradient }
            made.step()
            return parameters.map(\.data)
        }
    }
    return Answer(paramsAfter: after)
}

private func option(_ value: Value) -> OptionValue {
    switch value {
    case .bool(let b): .bool(b)
    case .int(let n): .int(n)
    case .double(let d): .number(d)
    case .string(let s): .text(s)
    case .list(let list): .list(list.map(option))
    default: .null
    }
}
