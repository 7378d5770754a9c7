"""The parts of a cluster that act by themselves: controllers, scheduler, kubelets."""
