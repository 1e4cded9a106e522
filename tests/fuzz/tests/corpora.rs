//! The fuzzers' start values and their earlier findings: run by `make test`, without a fuzzer.

use std::fs;
use std::path::Path;

#[test]
fn every_corpus_goes_through_its_parser() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in fuzz::TARGETS {
        let corpus = fs::read_dir(corpora.join(name)).unwrap_or_else(|error| panic!("corpus {name}: {error}"));
        let mut inputs = 0;
        for input in corpus {
            let path = input.expect("an entry").path();
            println!("{}", path.display());
            target(&fs::read(&path).expect("a file"));
            inputs += 1;
        }
        assert!(inputs >= 3, "{name}: {inputs} inputs");
    }
}
