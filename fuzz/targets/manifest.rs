//! A manifest, all the way to the plan and to what a user is shown of it. Any bytes give a plan or problems; what is shown
//! holds nothing that a terminal would obey.
#![no_main]

use keyinit::environment::Environment;
use keyinit::exit::Kind;
use keyinit::plan::{self, explain};
use keyinit::report::Log;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let manifest = keyinit::manifest::parse("keyinit.yaml", bytes);
    let environment =
        Environment::new(vec![c"VAULT_ADDR=https://vault.internal:8200", c"VAULT_TOKEN=t", c"A=${secret://env/B}"]);
    match plan::build(manifest, &environment, &[]) {
        Ok(plan) => {
            let (text, json) = (explain::text(&plan), explain::json(&plan));
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
            serde_json::from_str::<&serde_json::value::RawValue>(json.trim()).expect("the plan as JSON");
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|problem| problem.kind == Kind::Config));
            for line in Log::default().problem_lines(&problems, "nothing was started") {
                assert!(!line.chars().any(|c| c.is_control() && c != '\n'), "{line:?}");
            }
        }
    }
});
