import Tern

/// The optimizer of that name over `parameters`, with PyTorch's options by their names; nil where there is none.
private func optimizer(_ name: String, _ parameters: [Parameter<Tensor>], _ options: OptionList) -> Optimizer? {
    let groups = [ParameterGroup(parameters, options: options)]
    return switch name {
    case "Adadelta": Adadelta(groups)
    case "Adafactor": Adafactor(groups)
    case "Adagrad": Adagrad(groups)
    case "Adam": Adam(groups)
    case "AdamW": AdamW(groups)
    case "Adamax": Adamax(groups)
    case "ASGD": ASGD(groups)
    case "Muon": Muon(groups)
    case "NAdam": NAdam(groups)
    case "RAdam": RAdam(groups)
    case "RMSprop": RMSprop(groups)
    case "Rprop": Rprop(groups)
    case "SGD": SGD(groups)
    default: nil
    }
}

/// The parameters after each step with the case's gradients.
func optimizerAnswer(_ c: Value) throws -> Answer {
    var options: OptionList = [:]
    for (name, value) in c["kwargs"].entries { options[name] = option(value) }
    let parameters = c["params"].tensors.map { Parameter(wrappedValue: $0) }
    let made = try recovering { optimizer(c["optimizer"].text ?? "", parameters, options) }
    guard let made else { return .missing }
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
