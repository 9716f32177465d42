//! What the corpora are grown from: the reference ledger, its proofs, the catalogue of hostile bytes.

use grounds::ledger::{ProofOf, check_proof, prove};
use grounds::tlog::{
    AddCheckpoint, Checkpoint, ConsistencyProof, Cosigner, ForkProof, Note, Tree, leaf_hash,
};
use serde_json::Value;

use super::bundle::BUNDLE;
use super::ground::{CHECKPOINT, GOOD, ORIGIN, log_key};
use super::proof::head;
use super::sealed::HALF;

/// The target and the bytes.
pub type Seed = (&'static str, Vec<u8>);

pub fn all(catalogue: &[Value]) -> Vec<Seed> {
    let mut seeds = Vec::new();
    hostile(catalogue, &mut seeds);
    reference(&mut seeds);
    notes(&mut seeds);
    proofs(&mut seeds);
    tables(&mut seeds);
    rules(&mut seeds);
    scripts(&mut seeds);
    seeds
}

/// The bytes of a case: text, hexadecimal digits, or pieces that are repeated; none of a large one.
fn bytes_of(case: &Value) -> Option<Vec<u8>> {
    if let Some(text) = case["text"].as_str() {
        return Some(text.as_bytes().to_vec());
    }
    let digits = case["hex"].as_str()?.as_bytes();
    let nibble = |digit: u8| (digit as char).to_digit(16).map(|digit| digit as u8);
    digits
        .chunks(2)
        .map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?))
        .collect()
}

fn hostile(catalogue: &[Value], seeds: &mut Vec<Seed>) {
    for case in catalogue
        .iter()
        .flat_map(|file| file["cases"].as_array().unwrap())
    {
        let Some(bytes) = bytes_of(case).filter(|bytes| bytes.len() <= 4096) else {
            continue;
        };
        match case["door"].as_str().unwrap() {
            "commit" => {
                seeds.push(("json", bytes.clone()));
                if let Ok(json) = serde_json::from_slice::<Value>(&bytes) {
                    acts(&json, seeds);
                }
                seeds.push(("commit", bytes));
            }
            "signed" | "entry" => seeds.push(("entry", bytes)),
            "key" => seeds.push(("values", bytes)),
            _ => {}
        }
    }
    for text in [
        "2026",
        "2026-03",
        "2024-02-29",
        "1900-02-29",
        "0001-01-01",
        "9999-12-31",
        "2026-03-09T19:58:00Z",
        "2026-03-09T19:58:00.000001Z",
        "2016-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "0",
        "1",
        "0.5",
        "0.50",
        "0.000001",
        "1.0",
        "1e-1",
        "@12",
        "@12.3",
        "10.1000/orig",
        "https://a.example/b?c=d",
        "claim/x",
        "agent/a",
        "ledger",
        "claims.example/a",
        "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "2026-03-09\n2026-03-10",
        "2026-03\n2026-03-31",
        "2026-03-09T19:58:00.000001Z\n2026-03-09T19:58:00.000002Z",
    ] {
        seeds.push(("values", text.as_bytes().to_vec()));
    }
}

/// The events of a commit as acts: a line of an import, and a commit of an agent of the reference
/// ledger.
fn acts(commit: &Value, seeds: &mut Vec<Seed>) {
    let mut acts = String::new();
    for event in commit["events"].as_array().into_iter().flatten() {
        let mut act = event.clone();
        if let Some(members) = act.as_object_mut() {
            members.remove("seq");
            members.remove("prev");
        }
        acts += &format!("{act}\n");
    }
    if !acts.is_empty() {
        seeds.push(("import_jsonl", acts.clone().into_bytes()));
        let line = acts.replace('\n', " ");
        for author in ["curator", "registrar+curator+archivist"] {
            seeds.push(("append", format!("{author} {line}").into_bytes()));
        }
    }
}

fn reference(seeds: &mut Vec<Seed>) {
    let mut all = String::new();
    for line in &GOOD.lines {
        let json: Value = serde_json::from_slice(line).unwrap();
        let commit = serde_json_canonicalizer::to_vec(&json["commit"]).unwrap();
        acts(&json["commit"], seeds);
        let sealed = [
            b"{\"commit\":",
            &*commit,
            b",\"signatures\":",
            json["signatures"].to_string().as_bytes(),
            b"}",
        ]
        .concat();
        seeds.extend([
            ("commit", commit.clone()),
            ("json", commit),
            ("entry", line.to_vec()),
            ("entry", sealed),
        ]);
        for event in json["commit"]["events"].as_array().unwrap() {
            let act = serde_json::json!({"subject": event["subject"], "type": event["type"], "data": event["data"]});
            all += &format!("{act}\n");
        }
    }
    seeds.push(("import_jsonl", all.into_bytes()));
    let withheld = format!(
        "{{\"leaf\":\"{}\",\"withheld\":\"by order\"}}",
        leaf_hash(GOOD.lines[3])
    );
    seeds.push(("entry", withheld.into_bytes()));
    // The next commits of the reference ledger, as their authors would write them.
    let claim = "claim/individual-neurons-rarely-encode-single-concepts";
    for line in [
        format!(r#"curator {{"subject":"{claim}","type":"note.added","data":{{"text":"Read it again."}}}}"#),
        format!(r#"curator {{"subject":"{claim}","type":"attestation.made","data":{{"verdict":"verifies","weight":"0.9","version":1,"role":"Attester"}}}}"#),
        r#"curator {"subject":"claim/x","type":"claim.asserted","data":{"statement":"It is so.","summary":"It was seen.","domains":[{"name":"Trials","weight":"1"}],"nature":"empirical","polarity":"positive","falsifiability":"falsifiable","origin":"authored"}} {"subject":"artifact/z","type":"artifact.registered","data":{"title":"On z","kind":"paper"}} {"subject":"claim/x","type":"evidence.added","data":{"relation":"supports","artifact":"artifact/z","strength":"0.8","note":"It says so."}}"#.to_owned(),
        r#"curator {"subject":"view/strict","type":"view.defined","data":{"title":"Strict","rules":[{"when":"profile.supp == null || profile.supp < 0.5","verdict":"exclude","reason":"weak"}],"otherwise":"include"}}"#.to_owned(),
        r#"curator {"subject":"context/c","type":"context.defined","data":{"name":"C","description":"There."}}"#.to_owned(),
        r#"registrar+curator+archivist {"subject":"agent/curator","type":"agent.roles_changed","data":{"roles":["curator"],"reason":"r"}}"#.to_owned(),
        r#"registrar+curator+archivist {"subject":"ledger","type":"ledger.frozen","data":{"reason":"The end."}}"#.to_owned(),
    ] {
        seeds.push(("append", line.into_bytes()));
    }
}

fn notes(seeds: &mut Vec<Seed>) {
    let witness = Cosigner::new(
        "w1.example",
        ed25519_dalek::SigningKey::from_bytes(&[3; 32]),
    )
    .unwrap();
    let text = Checkpoint::open(CHECKPOINT, &GOOD.vkey)
        .unwrap()
        .checkpoint
        .body();
    let lines = vec![log_key().sign(&text), witness.cosign(&text, 1_700_000_000)];
    let note = Note::new(&text, lines.clone()).unwrap();
    seeds.push(("checkpoint", note.to_bytes()));
    seeds.push(("checkpoint", text.into_bytes()));
    seeds.push(("checkpoint", grounds::tlog::write_cosignatures(&lines)));
    seeds.push(("checkpoint", b"16\n".to_vec()));
    for size in [1, 7, 16] {
        seeds.push(("checkpoint", head(size)));
        for old in [0, 1, 7] {
            let path = GOOD.tree.consistency(old, size).unwrap_or_default();
            if let Ok(request) = AddCheckpoint::new(old, path, &head(size)) {
                seeds.push(("checkpoint", request.to_bytes()));
            }
        }
    }
    let (log, key) = (&GOOD.vkey, witness.verifier());
    seeds.push(("checkpoint", log.to_string().into_bytes()));
    seeds.push(("checkpoint", key.to_string().into_bytes()));
    for policy in [
        format!("log {log}\nwitness w1 {key}\nquorum w1\n"),
        format!(
            "log {log} https://log.example/\nwitness w1 {key} https://w1.example/\ngroup g any w1\nquorum g\n"
        ),
        format!("# none\nlog {log}\nquorum none\n"),
        format!("witness w1 {key}\ngroup g 1 w1\ngroup h all g\nquorum h\n"),
        format!(
            "logs/v0\n\nvkey {log}\n\nvkey {log}\norigin other.example\nqpd 86400\ncontact a\n"
        ),
    ] {
        seeds.push(("policy", policy.into_bytes()));
    }
}

fn proofs(seeds: &mut Vec<Seed>) {
    for index in [0, 3, 7, 15] {
        let file = prove(&GOOD.ledger, index).unwrap();
        assert!(check_proof(&file, &ProofOf::Entry(index), &GOOD.vkey, None, None).is_ok());
        let mut proof = grounds::tlog::TlogProof::parse(&file).unwrap();
        seeds.push(("proof", file));
        proof.extra = None;
        seeds.push(("proof", proof.to_bytes()));
    }
    for (old, new) in [(1, 16), (7, 16), (16, 16), (8, 15)] {
        let path = GOOD.tree.consistency(old, new).unwrap();
        let proof = ConsistencyProof {
            newer: head(new),
            older: head(old),
            path,
        };
        seeds.push(("proof", proof.to_bytes()));
    }
    let mut other = Tree::new();
    (0..9).for_each(|index: u64| other.push(leaf_hash(&index.to_be_bytes())));
    let forked = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 9,
        root: other.root(),
    };
    let forged = || forked.sign(&log_key()).unwrap();
    for (older, newer, tree, old, new) in [
        (head(7), forged(), &other, 7, 9),
        (forged(), head(16), &GOOD.tree, 9, 16),
        (head(7), head(16), &GOOD.tree, 7, 16),
    ] {
        let path = tree.consistency(old, new).unwrap();
        let prefix = tree.root_at(old).unwrap();
        seeds.push((
            "proof",
            ForkProof {
                newer,
                older,
                path,
                prefix,
            }
            .to_bytes(),
        ));
    }
    for kind in 0..3 {
        for (size, index) in [
            (1_u16, 0_u16),
            (805, 0),
            (805, 804),
            (256, 255),
            (700, 512),
            (3, 2),
        ] {
            let [low, high] = [size, index];
            let drawn = |number: u16| [(number & 0xff) as u8, (number >> 8) as u8, 0];
            let bytes = [&[kind][..], &drawn(low), &drawn(high)].concat();
            seeds.push(("proof", bytes.clone()));
            seeds.push(("proof", [&bytes[..], &[2, 1, 3]].concat()));
        }
    }
    seeds.push(("bundle", BUNDLE[..BUNDLE.len().min(2000)].to_vec()));
    seeds.push(("bundle", vec![1]));
    seeds.push(("bundle", vec![2]));
    for path in 0..24 {
        for kind in 0..4 {
            seeds.push((
                "bundle",
                vec![2, path * 8, path * 4, path * 8, 255, kind, 1, 2, 3],
            ));
        }
    }
}

fn tables(seeds: &mut Vec<Seed>) {
    let columns = "effect_id,doi_o,title_o,author_o,year_o,study_o,ref_o,doi_r,title_r,author_r,year_r,url_r,ref_r,author_overlap,discipline,description,claim_text_o,claim_page_o,reported_success,reported_success_quote,journal_o,n_o,es_value_o,es_type_o,pval_value_o,pval_type_o";
    let row = |effect: &str, outcome: &str, more: [&str; 3]| {
        format!(
            "{effect},10.1000/orig,{},\"[{{\"\"given\"\":\"\"Alice\"\",\"\"family\"\":\"\"Eagly\"\",\"\"sequence\"\":\"\"first\"\"}}]\",{},1,\"Eagly, A. (1999).\",10.1000/repl,Are they?,\"[{{\"\"given\"\":\"\"L\"\",\"\"family\"\":\"\"Zhang\"\"}}]\",2018,https://a.example/r,Zhang (2018),0,Social Psychology,{},These are.,11,{outcome},We found.,A Journal,33,-0.43,r,0.05,l (<)",
            more[0], more[1], more[2]
        )
    };
    let plain = ["Sex differences", "1999", "Women weigh"];
    for rows in [
        vec![row("1", "failed", plain)],
        vec![
            row("1", "successful", plain),
            row("2", "failed", plain),
            row("3", "mixed", plain),
        ],
        vec![row(
            "1",
            "uninformative",
            ["<i>Homo</i> &amp; x", "1999.0", "\u{200e}two  words"],
        )],
        vec![row("", "", ["", "", ""])],
        vec![
            row("1", "successful", ["", "in press", ""]),
            row("1", "successful", plain),
        ],
    ] {
        seeds.push((
            "import_fred",
            format!("{columns}\n{}\n", rows.join("\n")).into_bytes(),
        ));
        seeds.push(("import_fred", format!("original: \"0.9\"\noutcomes:\n  failed: {{disputes: \"0.5\", supports: \"1\"}}\n===\n{columns}\n{}\n", rows.join("\n")).into_bytes()));
    }
    let document = include_str!("../../../docs/IMPORT.md");
    for block in document.split("```yaml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        seeds.push((
            "import_fred",
            format!("{block}\n===\n{columns}\n{}\n", row("1", "failed", plain)).into_bytes(),
        ));
        seeds.push((
            "import_csv",
            format!("{block}\n===\nstatement,summary,doi\nIt is so.,Seen,10.1/x\n").into_bytes(),
        ));
    }
    for table in [
        "statement\nIt is so.\n",
        "statement\n\"Two\nlines\"\n\nIt is so.\n",
        "name: t\ncolumns:\n  statement: s\n  summary: t\n  key: k\n\n===\ns,t,k\nIt is so.,Seen.,1\nIt is not.,,2\nIt is so.,Seen.,1\n",
        "columns:\n  statement: s\n  title: t\n  doi: d\n  url: u\n  year: y\n  relation: r\n  strength: w\n  note: n\n  quote: q\n  page: p\n  evidence_key: e\n  community: c\n===\ns,t,d,u,y,r,w,n,q,p,e,c\nIt is so.,On z,10.1000/z,https://a.example/,2018,supports,0.8,Says so.,quoted,11,k1,Physics\nIt is so.,On w,,,1999.0,disputes,.5,,,,,\n",
        "delimiter: \";\"\ncolumns:\n  statement: s\n===\ns;t\na;b\n",
    ] {
        seeds.push(("import_csv", table.as_bytes().to_vec()));
    }
}

fn rules(seeds: &mut Vec<Seed>) {
    for rule in [
        r#"claim.nature != "empirical" || claim.falsifiability == "unfalsifiable""#,
        r#"claim.statement.startsWith("Individual")"#,
        r#"claim.standing in ["contested", "refuted"] && claim.lifecycle == "active""#,
        r#"claim.domains[0].name.contains("Interp") && claim.domains[0].weight == 1.0"#,
        "profile.supp == null || profile.supp < 0.5",
        "counts.artifacts > 3 && counts.disputing_edges * 2 >= counts.supporting_edges",
        r#"has(claim.key) ? claim.version > 1 : size(claim.statement) < 10"#,
        "true",
        "false",
        "1",
        "!true",
        "1/0 == 1",
        "-9223372036854775808 / -1 == 0",
        "9223372036854775807 + 1 > 0",
        r#"int("9") + int(1.5) > 2u"#,
        "uint(-1) == 0u",
        "double(claim.version) / 0.0 > 1.0",
        "1 % 0 == 0",
        r#"string(1.0) == "1""#,
        r#"bytes("é").size() == 2"#,
        r#"{"a": 1}["a"] == 1"#,
        "[1, 2][5] == 1",
        "[1][-1] == 1",
        r#"timestamp("2026-03-09T19:58:00Z") > timestamp("2026-03-08T19:58:00Z")"#,
        r#"duration("1h") < duration("-9223372036s")"#,
        "[1].all(x, x > 0)",
        "((((((true))))))",
        r#"claim.detail.matches("a+")"#,
        "a.b.c(d){e: f}",
        r#"b"\xff" == b'\377'"#,
        r#"r"\d" == "\\d""#,
        r#"claim.summary.size() > 3 && claim.summary.endsWith(".")"#,
        "type(1) == int",
        "max(1, 2) == 2",
        "claim.version == 4294967295",
        "counts.artifacts + 1 > 0",
        "-counts.artifacts < 0",
        "profile.evid - profile.cont == 0.6",
        "optional.none().hasValue()",
        "dyn(1) == 1.0",
        "null == null",
        "x",
        "claim",
        "1 < 1.5",
        "0x7fffffffffffffff > 0",
        "1e400 > 1.0",
    ] {
        seeds.push(("cel", rule.as_bytes().to_vec()));
    }
}

fn scripts(seeds: &mut Vec<Seed>) {
    let drawn = |seed: u64, length: usize| -> Vec<u8> {
        let mut state = seed;
        let step = |_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..length).map(step).collect()
    };
    for seed in 0..40 {
        seeds.push(("tiles", drawn(seed, 40 + seed as usize)));
        seeds.push(("mirror", drawn(seed, 8 + seed as usize)));
        seeds.push(("bundle", [vec![1], drawn(seed, 12)].concat()));
        seeds.push(("ledger", drawn(seed, 6 + seed as usize / 2)));
        seeds.push(("rewritten", drawn(seed, 6 + seed as usize / 2)));
    }
    for size in 0..12 {
        seeds.push(("tiles", [vec![size, 0], (0..24).collect()].concat()));
    }
    // What an operator may do: nothing, cut the end, another time, a line away, twice, swapped.
    for kind in 240..=245_u8 {
        for (from, to) in [(0, 16), (0, 8), (3, 4), (8, 9), (1, 3)] {
            seeds.push(("rewritten", vec![kind, from, to]));
            seeds.push(("ledger", vec![kind, kind, from, to]));
        }
    }
    for what in 0..4 {
        seeds.push(("ledger", vec![what]));
        for name in 208..222 {
            seeds.push(("ledger", vec![what, name, 0, 2, name % 16, 16]));
            seeds.push(("ledger", vec![what, name, 0, 1, name % 4]));
        }
    }
    seeds.extend([
        ("rewritten", vec![]),
        ("mirror", vec![]),
        ("mirror", vec![1]),
    ]);
    seeds.extend([
        ("sealed", vec![1]),
        ("sealed", HALF.clone()),
        ("sealed", vec![]),
    ]);
    seeds.push(("sealed", [&HALF[..], &HALF[..]].concat()));
    let skipped = b"\x50\x2a\x4d\x18\x04\0\0\0skip";
    seeds.push(("sealed", [skipped, &HALF[..]].concat()));
    let frame = b"\x28\xb5\x2f\xfd";
    for seed in 0..12 {
        let length = 10 + seed as usize;
        seeds.push(("sealed", [vec![1], drawn(seed, length)].concat()));
        seeds.push(("sealed", [frame.to_vec(), drawn(seed, 30)].concat()));
    }
    // A window of 2 GiB; and blocks that say one byte 128 Ki times.
    for tail in [
        &b"\x00\xa8\x03\x00\x10a"[..],
        b"\x00\x58\x02\x00\x10a\x03\x00\x10\n",
    ] {
        seeds.push(("sealed", [frame, tail].concat()));
    }
}
