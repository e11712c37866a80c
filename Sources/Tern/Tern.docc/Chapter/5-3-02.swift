do { _ = try recovering { net[0].weight.sum() } } catch { print(error) }

// parameter: it has no size yet, because its module is lazy: call the network once, or load a state dict, before using it
