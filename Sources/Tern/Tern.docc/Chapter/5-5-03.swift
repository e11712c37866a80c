try save(["x": x, "y": y], to: folder + "/mydict")
print(try loadValue(folder + "/mydict"))

// {'x': tensor([0, 1, 2, 3]), 'y': tensor([0., 0., 0., 0.])}
