<?php
/**
 * Plugin Name:   Ütf  
 * Version:	2.0-beta2 
 */