//! Preview: what a commit would do, and whether it would be admitted, before anything is written.

use std::sync::Arc;

use crate::claim::{Recorded, Rejection, Signer, State};
use crate::envelope::{Commit, Signature, Signed, verify_one};
use crate::tlog::Tree;
use crate::value::{KeyId, Origin, PublicKey, Time};

use super::append::{Verify, judge};
use super::place::{key_faults, owner_of, typed_events};
use super::refusal::refused;

/// A commit in the place that it would take now.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The commit in its place.
    pub entry: Arc<Recorded>,
    /// The state as it would be after it, whether it is admitted or not.
    pub state: State,
    /// The rule that it breaks now, if it breaks one.
    pub verdict: Result<(), Rejection>,
}

/// What a commit would do if it were recorded at `now`, after the entries of `tree` whose fold is
/// `state`. It may lack signatures: the verdict then says whose.
///
/// # Errors
/// The first field that is not of its form: such a commit has no meaning to show.
pub fn preview(
    state: &State,
    tree: &Tree,
    origin: &Origin,
    signed: &Signed<'_>,
    now: Time,
) -> Result<Preview, Rejection> {
    let mut verify =
        |key: &PublicKey, message: &[u8], sig: &[u8; 64]| verify_one(key, message, sig).is_ok();
    previewed(state, tree, origin, signed, now, &mut verify)
}

/// What a commit would do if each of these keys had signed it: a commit that its author is still to
/// sign, judged by everything but the signatures' bytes.
///
/// # Errors
/// As [`preview`].
pub fn preview_unsigned(
    state: &State,
    tree: &Tree,
    origin: &Origin,
    commit: Commit<'_>,
    keys: &[KeyId],
    now: Time,
) -> Result<Preview, Rejection> {
    let mut signed = Signed {
        commit,
        signatures: Vec::new(),
    };
    for key in keys {
        signed.add(Signature {
            key: *key,
            sig: [0; 64],
        });
    }
    previewed(state, tree, origin, &signed, now, &mut |_, _, _| true)
}

fn previewed(
    state: &State,
    tree: &Tree,
    origin: &Origin,
    signed: &Signed<'_>,
    now: Time,
    verify: &mut Verify<'_>,
) -> Result<Preview, Rejection> {
    let recorded = state.recorded().map_or(now, |last| last.max(now));
    let entry = Arc::new(placed(state, origin, signed, recorded)?);
    let mut after = state.clone();
    after.evolve(&entry);
    let size = state.size();
    let verdict = judge(state, tree, origin, signed.clone(), size, recorded, verify);
    Ok(Preview {
        entry,
        state: after,
        verdict: verdict.map(|_| ()),
    })
}

fn placed(
    state: &State,
    origin: &Origin,
    signed: &Signed<'_>,
    recorded: Time,
) -> Result<Recorded, Rejection> {
    let commit = &signed.commit;
    let index = state.size();
    let events = typed_events(commit, index, recorded)
        .map_err(|error| refused(&crate::envelope::Refused::Form(error)))?;
    let signers = signed.signatures.iter().filter_map(|signature| {
        let (agent, _) = owner_of(state, &events, &signature.key)?;
        Some(Signer {
            agent,
            key: signature.key,
        })
    });
    Ok(Recorded {
        index,
        commit: commit.id(),
        recorded,
        author: commit.author.clone(),
        at: commit.at,
        anchor: commit.anchor.as_ref().map(|anchor| anchor.size),
        signers: signers.collect(),
        key_faults: key_faults(origin, &events),
        events,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::claim::{Act, Code, Data, KeyClaim, LedgerCreated, LogKey, Policy};
    use crate::envelope::{PrivateKey, possession_message};
    use crate::form::Form as _;
    use crate::json::Json;
    use crate::ledger::{Appender, HeadSigner, SystemClock, genesis, prepare};
    use crate::value::{Slug, Subject};

    fn created(signer: &HeadSigner, key: &PrivateKey) -> LedgerCreated {
        let origin: Origin = "claims.example/lab".parse().unwrap();
        let ada: Slug = "ada".parse().unwrap();
        let claim = KeyClaim {
            key: key.public(),
            proof: key.sign(&possession_message(&origin, &ada, &key.public())),
        };
        let json = Json::object([
            (
                "agents",
                Json::Arr(vec![Json::object([
                    ("keys", Json::Arr(vec![claim.write()])),
                    ("kind", Json::string("human")),
                    ("name", Json::string("Ada")),
                    (
                        "roles",
                        Json::Arr(vec![Json::string("curator"), Json::string("steward")]),
                    ),
                    ("slug", Json::string("ada")),
                ])]),
            ),
            (
                "log_key",
                LogKey(signer.verifier().clone()).write().into_owned(),
            ),
            ("origin", Json::string("claims.example/lab")),
            ("policy", Policy::solo().write().into_owned()),
            ("title", Json::string("Lab")),
        ]);
        LedgerCreated::read(&json).unwrap()
    }

    #[test]
    fn a_preview_is_what_then_happens_and_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, kept) = (
            folder.path().join("ledger"),
            folder.path().join("log.state"),
        );
        let origin: Origin = "claims.example/lab".parse().unwrap();
        let (ada, key) = ("ada".parse().unwrap(), PrivateKey::from_seed(&[1; 32]));
        let signer = HeadSigner::open(&origin, PrivateKey::from_seed(&[2; 32]), &kept).unwrap();
        let now = Time::parse_seconds("2026-03-01T00:00:00Z").unwrap();
        let mut signed = Signed {
            commit: genesis(created(&signer, &key), &ada, now).unwrap(),
            signatures: Vec::new(),
        };
        let (state, tree) = (State::new(), Tree::new());
        let unsigned_by = |commit: &Commit<'_>, keys: &[KeyId]| {
            preview_unsigned(&state, &tree, &origin, commit.clone(), keys, now)
                .unwrap()
                .verdict
        };
        let unsigned = preview(&state, &tree, &origin, &signed, now).unwrap();
        assert_eq!(unsigned.verdict.unwrap_err().code, Code::Signature);
        assert!(unsigned.state.agent(&ada).is_some());
        assert_eq!(unsigned_by(&signed.commit, &[key.public().id()]), Ok(()));
        let other = PrivateKey::from_seed(&[3; 32]).public().id();
        let refused = unsigned_by(&signed.commit, &[other]);
        assert_eq!(refused.unwrap_err().code, Code::Signature);
        signed.sign(&key);
        assert_eq!(
            preview(&state, &tree, &origin, &signed, now)
                .unwrap()
                .verdict,
            Ok(())
        );
        assert!(!dir.exists());
        let clock = Box::new(SystemClock::new());
        let (mut appender, _) = Appender::create(&dir, &signed.to_bytes(), signer, clock).unwrap();

        let json = Json::object([
            ("kind", Json::string("model_scale")),
            ("name", Json::string("Small")),
        ]);
        let subject: Subject = "context/small".parse().unwrap();
        let act = Act::new(
            subject.clone(),
            Data::read("context.defined", &json).unwrap(),
        );
        let state = appender.state().clone();
        let commit = prepare(&state, &origin, appender.anchor(), &ada, now, &[act]).unwrap();
        let signed = Signed::seal(commit, &key);
        let mut tree = Tree::new();
        tree.push(crate::tlog::leaf_hash(
            &crate::ledger::Ledger::open(&dir, None)
                .unwrap()
                .line(0)
                .unwrap(),
        ));
        let previewed = preview(&state, &tree, &origin, &signed, now).unwrap();
        assert_eq!(previewed.verdict, Ok(()));
        assert!(!state.exists(&subject));
        appender.stage(&signed.to_bytes()).unwrap();
        assert_eq!(
            appender
                .state()
                .context(&"small".parse().unwrap())
                .map(|context| context.events.len()),
            Some(1)
        );
        assert_eq!(
            appender.state().stream(&subject),
            previewed.state.stream(&subject)
        );
        appender.flush().unwrap();
        assert_eq!(
            preview(appender.state(), &tree, &origin, &signed, now)
                .unwrap()
                .verdict
                .unwrap_err()
                .code,
            Code::Exists
        );
    }
}
