"""Stands in for SAEBench's module of this name: how it loads the models that it knows."""

LLM_NAME_TO_BATCH_SIZE = {"pythia-160m-deduped": 256, "gemma-2-2b": 32}
LLM_NAME_TO_DTYPE = {"pythia-160m-deduped": "float32", "gemma-2-2b": "bfloat16"}
