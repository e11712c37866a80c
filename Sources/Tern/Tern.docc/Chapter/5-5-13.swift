try files.removeItem(atPath: folder)
print(files.fileExists(atPath: folder))

// false
