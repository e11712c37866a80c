final class Holder: Module {
    let items = ModuleList(Linear(20, 10), Linear(20, 10))
}
let holder = Holder()
do { _ = try recovering { holder["items"](X) } } catch { print(error) }

// forward: ModuleList has no forward that takes one tensor: call its items instead
