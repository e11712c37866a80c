do { _ = try recovering { X + shapes } } catch { print(error) }

// add: all operands must be on one device, but operand 1 (2, 3) is on cpu, operand 2 (2, 3) is on meta: move one with to(device)
