"""LoRA adapters: read from any trainer's file, fitted to a model, worn by some rows of a batch or by all of them."""
