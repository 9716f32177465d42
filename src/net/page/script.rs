//! Scripts: the second implementation as a page runs it, and what a page does with it. Each is a
//! file whose name changes with its bytes, so that it can be kept for ever, and so that a page names
//! exactly the script that it was made with.

use crate::hash::Hash;

/// The second implementation, unchanged: audits ledgers, checks bundles.
const VERIFY: &str = include_str!("verify.mjs");

/// What a claim page does in a reader's browser.
const PAGE: &str = include_str!("page.mjs");

/// How the page's script names the second implementation where both lie side by side.
const BESIDE: &str = "./verify.mjs";

/// The scripts, each with the name of its file at the top of a site.
#[must_use]
pub fn scripts() -> [(String, String); 2] {
    [
        (verify_file(), VERIFY.to_owned()),
        (page_file(), page_script()),
    ]
}

fn verify_file() -> String {
    named("verify", VERIFY)
}

/// The name of the file of the script that a claim page loads.
#[must_use]
pub fn page_file() -> String {
    named("page", &page_script())
}

/// The page's script, which names the second implementation by the hash of its bytes.
fn page_script() -> String {
    PAGE.replace(BESIDE, &format!("./{}", verify_file()))
}

fn named(name: &str, text: &str) -> String {
    let hash = Hash::of(text.as_bytes()).to_string();
    format!("{name}-{}.mjs", &hash[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_a_page_names_the_second_implementation_by_its_bytes() {
        let [(verify, _), (page, text)] = scripts();
        assert_eq!(PAGE.matches(BESIDE).count(), 1);
        assert!(text.contains(&format!("\"./{verify}\"")));
        assert!(
            page.starts_with("page-") && page.ends_with(".mjs"),
            "{page}"
        );
    }

    #[test]
    fn a_script_can_stand_within_a_page_as_it_is() {
        for (name, text) in scripts() {
            let lower = text.to_lowercase();
            assert!(
                !lower.contains("</script") && !lower.contains("<!--"),
                "{name}"
            );
        }
    }
}
