print(Z.to(Y.device).isSameStorage(as: Z))

// true
