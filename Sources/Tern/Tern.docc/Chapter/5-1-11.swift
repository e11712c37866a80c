let unfit = Sequential(several(20, 10))
do { _ = try recovering { unfit(X) } } catch { print(error) }

// Sequential.1.ln.0 (Linear): linear: input (2, 10) and weight (10, 20) do not fit: the input's last size must be the weight's last (in_features)
