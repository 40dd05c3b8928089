"""What a change will do, found out before anyone is asked: findings, data impact, price, digest."""
