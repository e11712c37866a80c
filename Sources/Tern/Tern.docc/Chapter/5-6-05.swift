let Z = X.to(Y.device)
print(Y + Z)

// tensor([[1.4963, 1.7682, 1.0885],
//         [1.1320, 1.3074, 1.6341]])
