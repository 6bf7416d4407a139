"""Alerts, recommendations to retrain, and the runbooks that belong to them."""
