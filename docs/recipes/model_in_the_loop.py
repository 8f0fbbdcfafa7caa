"""Puts rebuilt activations back into a Hugging Face language model, and scores how much of its loss is recovered.

    python model_in_the_loop.py collect MODEL LAYER texts.txt acts      # acts/activations.npy, acts/tokens.npy
    dbksvd train acts/activations.npy --out model
    dbksvd encode model acts/activations.npy --out codes.parquet
    dbksvd decode model codes.parquet --like acts/activations.npy --out rebuilt.npy
    python model_in_the_loop.py score MODEL LAYER acts rebuilt.npy

MODEL is a name or a folder that transformers loads, LAYER the block whose output is meant (blocks.LAYER.hook_resid_post
of TransformerLens). Texts are one a line. The first `--first` tokens of a text (1: what BOS gives, far longer than all
others) are left to the model when it is scored, as SAEBench leaves special tokens. Needs torch, numpy and transformers
4.56 or newer; it was tried with 5.17, on tiny models of the kinds GPT-2, GPT-NeoX, Gemma 2 and Llama.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def main():
    options = parse()
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=getattr(torch, options.dtype))
    model.to(options.device).eval()
    with torch.inference_mode():
        collect(model, options) if options.job == "collect" else score(model, options)


def collect(model, options):
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    lines = [line for line in Path(options.texts).read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [tokenizer(line)["input_ids"][: options.context] for line in lines]
    rows = [row for row in rows if len(row) == options.context]
    if not rows:
        raise SystemExit(f"No text has {options.context} tokens: give longer ones, or a smaller --context")
    tokens = np.array(rows, np.int32)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    shape = (*tokens.shape, model.config.hidden_size)
    kept = np.lib.format.open_memmap(out / "activations.npy", "w+", np.float32, shape)
    for start, ids in batches(tokens, options):
        seen = []
        with hooked(model, options.layer, lambda hidden: seen.append(hidden)):
            model(input_ids=ids, use_cache=False)
        kept[start : start + len(ids)] = seen[0].float().cpu().numpy()
    kept.flush()
    np.save(out / "tokens.npy", tokens)
    print(f"{shape[0] * shape[1]} rows of {shape[2]} in {out}; {len(lines) - len(rows)} short texts left out")


def score(model, options):
    tokens = np.load(Path(options.acts) / "tokens.npy")
    acts = np.load(Path(options.acts) / "activations.npy", mmap_mode="r")
    rebuilt = np.load(options.rebuilt, mmap_mode="r")
    if rebuilt.shape != acts.shape:
        raise SystemExit(f"{options.rebuilt} is {rebuilt.shape}, the activations are {acts.shape}")
    first, width = options.first, acts.shape[-1]
    mean = sum(part.sum((0, 1), np.float64) for part in np.array_split(acts, max(1, len(acts) // 64)))
    mean = mean / (acts.shape[0] * acts.shape[1])
    replaced = {
        "rebuilt": lambda at: rebuilt[at],
        "mean": lambda at: np.broadcast_to(mean.astype(np.float32), acts[at].shape),
        "zero": lambda at: np.zeros((1, 1, width), np.float32),
    }
    loss, divergence = dict.fromkeys(["model", *replaced], 0.0), dict.fromkeys(replaced, 0.0)
    for start, ids in batches(tokens, options):
        at = slice(start, start + len(ids))
        clean = model(input_ids=ids, use_cache=False).logits
        loss["model"] += cross_entropy(clean, ids, first)
        for name, rows in replaced.items():
            new = torch.tensor(np.array(rows(at)), device=ids.device)
            with hooked(model, options.layer, lambda hidden: put(hidden, new, first)):
                logits = model(input_ids=ids, use_cache=False).logits
            loss[name] += cross_entropy(logits, ids, first)
            divergence[name] += kl(clean, logits, first)
    scored = tokens.shape[0] * (tokens.shape[1] - 1 - first)
    loss = {name: total / scored for name, total in loss.items()}
    divergence = {name: total / scored for name, total in divergence.items()}
    print(json.dumps({
        "tokens": scored,
        "crossEntropy": loss,
        "klDivergence": divergence,
        # SAEBench's ce_loss_score and kl_div_score: 1 is the model itself, 0 what zeros in its place give.
        "lossRecovered": (loss["zero"] - loss["rebuilt"]) / (loss["zero"] - loss["model"]),
        "klRecovered": 1 - divergence["rebuilt"] / divergence["zero"],
    }, indent=2))


def put(hidden, new, first):
    changed = hidden.clone()
    changed[:, first:] = new[:, first:].to(hidden) if new.shape[1] > 1 else new.to(hidden)
    return changed


# Tokens that are predicted from positions with replaced activations.
def cross_entropy(logits, ids, first):
    return torch.nn.functional.cross_entropy(
        logits[:, first:-1].float().flatten(0, 1), ids[:, first + 1 :].flatten(), reduction="sum"
    ).item()


def kl(clean, logits, first):
    expected, found = (each[:, first:-1].float().log_softmax(-1) for each in (clean, logits))
    return (expected.exp() * (expected - found)).sum().item()


class hooked:
    """Runs the model with a look at a block's output; what `body` returns, a tensor, takes its place."""

    def __init__(self, model, layer, body):
        self.block, self.body = blocks_of(model)[layer], body

    def __enter__(self):
        self.handle = self.block.register_forward_hook(self.hook)

    def __exit__(self, *_):
        self.handle.remove()

    def hook(self, module, inputs, output):
        hidden = output[0] if isinstance(output, tuple) else output
        changed = self.body(hidden)
        if not isinstance(changed, torch.Tensor):
            return None
        return (changed, *output[1:]) if isinstance(output, tuple) else changed


def blocks_of(model):
    """The list of the model's blocks, by the names that architectures give it."""
    for path in ["model.layers", "gpt_neox.layers", "transformer.h", "model.decoder.layers", "transformer.blocks"]:
        found = model
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is not None:
            return found
    raise SystemExit(f"No blocks found in {type(model).__name__}: name them in blocks_of()")


def batches(tokens, options):
    for start in range(0, len(tokens), options.batch_size):
        ids = tokens[start : start + options.batch_size]
        yield start, torch.tensor(ids, dtype=torch.long, device=options.device)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    jobs = parser.add_subparsers(dest="job", required=True)
    for job in ["collect", "score"]:
        one = jobs.add_parser(job)
        one.add_argument("model")
        one.add_argument("layer", type=int)
        one.add_argument("texts" if job == "collect" else "acts")
        one.add_argument("out" if job == "collect" else "rebuilt")
        one.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
        one.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
        one.add_argument("--batch-size", type=int, default=16)
        if job == "collect":
            one.add_argument("--context", type=int, default=128, help="tokens of a text; shorter ones are left out")
        else:
            one.add_argument("--first", type=int, default=1, help="tokens of a text that are left to the model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
