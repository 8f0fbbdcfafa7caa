"""Runs SAEBench on the dictionary in this folder: by default the six metrics of the DB-KSVD paper, with its settings.

    pip install sae-bench                     # 0.6.0 is what this was written for
    python run_saebench.py                    # gemma-2-2b, layer 12, unless the export names others
    python run_saebench.py --metrics core sparse_probing --device cuda:0

Results are JSON files under eval_results/ of the folder that you stand in, as SAEBench writes them. autointerp asks
OpenAI's models and needs OPENAI_API_KEY (or openai_api_key.txt here); without one it is left out.
"""
import argparse
import os
from pathlib import Path

import torch
from dbksvd_sae import DbksvdSAE

FOLDER = Path(__file__).resolve().parent
# Those of the paper (arXiv 2505.18441); SAEBench's own settings for gemma-2-2b are the paper's.
METRICS = ["absorption", "autointerp", "core", "ravel", "scr", "sparse_probing"]
MODEL_NAME = "gemma-2-2b"
LAYER = 12
# For models that SAEBench has no settings for; they are what it has for the paper's.
BATCH_SIZE = 32
DTYPE = "bfloat16"


def main():
    options = parse()
    import sae_bench.custom_saes.run_all_evals_custom_saes as saebench
    import sae_bench.sae_bench_utils.activation_collection as known

    sae = DbksvdSAE(FOLDER, options.device, model_name=options.model_name, hook_layer=options.layer)
    if sae.cfg.model_name is None:
        sae.cfg.model_name = MODEL_NAME
    if sae.cfg.hook_name is None:
        sae.cfg.hook_layer, sae.cfg.hook_name = LAYER, f"blocks.{LAYER}.hook_resid_post"
    model = sae.cfg.model_name
    dtype = options.dtype or known.LLM_NAME_TO_DTYPE.get(model, DTYPE)
    batch_size = options.batch_size or known.LLM_NAME_TO_BATCH_SIZE.get(model, BATCH_SIZE)
    sae.to(dtype=getattr(torch, dtype))
    assert sae.check_decoder_norms()
    saebench.MODEL_CONFIGS.setdefault(
        model,
        {
            "batch_size": batch_size,
            "dtype": dtype,
            "layers": [sae.cfg.hook_layer],
            "d_model": sae.cfg.d_in,
        },
    )
    print(f"{options.name}: {sae.cfg.d_sae} latents at {sae.cfg.hook_name} of {model}")
    saebench.run_evals(
        model,
        [(options.name, sae)],
        batch_size,
        dtype,
        options.device,
        eval_types=options.metrics,
        api_key=api_key(),
        force_rerun=options.force,
        save_activations=options.save_activations,
    )


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--metrics", nargs="+", default=METRICS, help="SAEBench's names; sparse_probing_sae_probes too")
    parser.add_argument("--model-name", help=f"as TransformerLens has it (the export's, else {MODEL_NAME})")
    parser.add_argument("--layer", type=int, help=f"of the residual stream (the export's, else {LAYER})")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--dtype",
        choices=["bfloat16", "float16", "float32"],
        help=f"of the model (SAEBench's for it, else {DTYPE})",
    )
    parser.add_argument(
        "--batch-size",
        type=int,
        help=f"texts that the model reads at once (SAEBench's for it, else {BATCH_SIZE})",
    )
    parser.add_argument("--name", default=FOLDER.name, help="what results are called by")
    parser.add_argument("--save-activations", action="store_true", help="for several dictionaries of one layer; 100 GB")
    parser.add_argument("--force", action="store_true", help="measure again what there are results of")
    return parser.parse_args()


def api_key():
    key = os.environ.get("OPENAI_API_KEY")
    path = Path("openai_api_key.txt")
    return key or (path.read_text().strip() if path.exists() else None)


if __name__ == "__main__":
    main()
