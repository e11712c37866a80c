let shapes = Tensor.ones(2, 3, device: .meta)
print(shapes + shapes)

// tensor(..., device='meta', size=(2, 3))
