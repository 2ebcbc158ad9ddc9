"""How an adapter is trained: pictures and captions in, a LoRA file out."""
