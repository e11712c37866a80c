import Tern

func optimizerAnswer(_ c: Value) throws -> Answer {
    .missing
}
