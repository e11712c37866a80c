do { _ = try recovering { X.cuda(99) } } catch { print(error) }

// device: cuda:99 asked for, but of kind cuda there is none: no usable NVIDIA driver was found in this process. tryGPU() gives the CPU instead
