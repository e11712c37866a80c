do { print(try NVIDIADriver.found()) } catch { print(error) }
