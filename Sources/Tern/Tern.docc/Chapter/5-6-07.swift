do { _ = try recovering { X.cuda(99) } } catch { print(error) }

// device: cuda:99 asked for, but of kind cuda there is none: this version of Tern computes on the CPU alone. tryGPU() gives the CPU where there is no other device
