const VERIFIER = "./verify.mjs";
