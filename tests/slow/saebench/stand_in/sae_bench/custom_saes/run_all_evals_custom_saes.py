"""Stands in for SAEBench's module of this name: refuses models that it has no settings for, and tells what it got."""
import json

MODEL_CONFIGS = {"gemma-2-2b": {"batch_size": 32, "dtype": "bfloat16", "layers": [12], "d_model": 2304}}


def run_evals(model_name, selected_saes, llm_batch_size, llm_dtype, device, eval_types, **more):
    if model_name not in MODEL_CONFIGS:
        raise ValueError(f"Unsupported model: {model_name}")
    ((name, sae),) = selected_saes
    given = {
        "model": model_name,
        "batchSize": llm_batch_size,
        "dtype": llm_dtype,
        "device": device,
        "metrics": eval_types,
        "name": name,
        "hook": [sae.cfg.hook_layer, sae.cfg.hook_name],
        "saeDtype": str(sae.dtype),
        "latents": sae.cfg.d_sae,
        **more,
    }
    print(json.dumps(given))
