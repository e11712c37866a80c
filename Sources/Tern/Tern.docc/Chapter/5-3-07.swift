do { _ = try recovering { net(Tensor.rand(2, 8)) } } catch { print(error) }

// Sequential.0 (Linear): linear: input (2, 8) and weight (256, 20) do not fit: the input's last size must be the weight's last (in_features)
